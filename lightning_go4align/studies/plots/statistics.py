"""Pictures of what differences between methods are worth."""

import math
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from lightning_go4align.plots.checks import FINISH, check_some
from lightning_go4align.plots.colours import DASHES, task_colours
from lightning_go4align.plots.labels import end_labels
from lightning_go4align.plots.names import margin, short, shorten
from lightning_go4align.plots.style import HALF, ROW, canvas, colour, picture
from lightning_go4align.studies.statistics import LEVEL, Difference, seeds_needed

SMALLEST = 1e-6  # of p-values shown
MOST_SEEDS = 1000
_HANDLE = 0.5  # inches: a line in a legend


def _in(unit: str) -> str:
    return f" in {unit}" if unit else ""


@picture
def intervals(
    found: Sequence[Difference], reference: str, unit: str = "", shown: Callable[[float], float] = float
) -> Figure:
    """Show the mean difference of each method, its interval if there is one, and a dot for each seed.

    Left of 0 is better.

    Args:
        found: The differences.
        reference: The method that others are compared with.
        unit: Of the differences as they are shown.
        shown: A difference in that unit.

    Example:
        >>> figure = intervals([Difference("SI", (-1.0, -3.0), -3.0, -1.0, 0.3, 0.3, 8.0)], "LS")
        >>> [text.get_text() for text in figure.axes[0].get_yticklabels()]
        ['SI']
    """
    figure, axes = _rows([one.method for one in found])
    for row, one in enumerate(found):
        seeds = list(map(shown, one.values))
        axes.plot(seeds, [row] * len(seeds), "o", color=colour("quiet"), markersize=3, alpha=0.6)
        axes.plot([shown(one.low), shown(one.high)], [row, row], color=colour("accent"), linewidth=2)
        axes.plot(shown(one.mean), row, "o", color=colour("accent"), markersize=6)
    axes.axvline(0, color=colour("muted"), linewidth=0.8)
    drawn = ", 95 % interval" if any(math.isfinite(one.low) for one in found) else ""
    axes.set_xlabel(f"difference to {short(reference)}{_in(unit)}{drawn}")
    return figure


@picture
def corrected(found: Sequence[Difference]) -> Figure:
    """Show the p-value of each method, and what is left of it after the correction for their number.

    Args:
        found: The differences; those without a p-value have no dot.

    Example:
        >>> figure = corrected([Difference("SI", (-1.0, -3.0), -3.0, -1.0, 0.03, 0.06, 8.0)])
        >>> figure.axes[0].get_xscale()
        'log'
    """
    figure, axes = _rows([one.method for one in found])
    axes.set_xscale("log")
    for row, one in enumerate(found):
        before, after = (max(value, SMALLEST) for value in (one.p_value, one.adjusted))
        axes.plot([before, after], [row, row], color=colour("line"), zorder=1)
        axes.plot(before, row, "o", color=colour("quiet"), markersize=4)
        axes.plot(after, row, "o", color=colour("accent"), markersize=6)
    axes.axvline(LEVEL, color=colour("worse"), linewidth=0.8)
    axes.set_xlim(right=1.2)
    axes.set_xlabel(f"p-value; large dots: corrected (Holm); line: {LEVEL:g}")
    return figure


@picture
def needed_seeds(found: Sequence[Difference], unit: str = "") -> Figure:
    """Show how many seeds a difference of each size would need, given the spread of each method's; dots: as found.

    Args:
        found: The differences, of which those without a p-value are left out.
        unit: Of the differences.

    Example:
        >>> figure = needed_seeds([Difference("SI", (-1.0, -3.0), -3.0, -1.0, 0.03, 0.06, 8.0)])
        >>> figure.axes[0].get_yscale()
        'log'
    """
    known = [one for one in found if math.isfinite(one.p_value)]
    check_some(known, "one method with two seeds", FINISH)
    figure, axes = canvas(HALF, 2.8, left=0.65, right=margin([one.method for one in known]) + 0.2, bottom=0.45)
    largest = max(1.5 * max(abs(one.mean), float(np.std(one.values, ddof=1))) for one in known)
    sizes = np.linspace(largest / 40, largest, 40)
    ends: list[float] = []
    for one in known:
        deviation = float(np.std(one.values, ddof=1))
        numbers = np.array([seeds_needed(size, deviation) for size in sizes])
        axes.plot(sizes, np.where(numbers <= MOST_SEEDS, numbers, np.nan), color=colour("quiet"))
        ends.append(float(np.log10(min(numbers[-1], MOST_SEEDS))))
        if one.seeds_needed <= MOST_SEEDS:
            axes.plot(abs(one.mean), one.seeds_needed, "o", color=colour("accent"))
    axes.set_yscale("log")
    axes.set_ylim(1.5, MOST_SEEDS)
    axes.set_xlim(right=largest)
    end_labels(axes, 10 ** np.array(ends), [one.method for one in known], [colour("quiet")] * len(known))
    axes.set_xlabel(f"size of the difference{_in(unit)}")
    axes.set_ylabel("seeds")
    return figure


@picture
def profiles(ratios: Mapping[str, Sequence[float]], left_out: str = "") -> Figure:
    """Show on which share of metrics and seeds each method is within a factor of the best one; higher is better.

    Args:
        ratios: Errors over the best method's, ascending, for each method; infinite where there is none.
        left_out: Metrics that are not in it.

    Example:
        >>> figure = profiles({"LS": [1.0, 2.0], "SI": [1.0, 1.5]})
        >>> [text.get_text() for text in figure.axes[0].get_legend().get_texts()]
        ['LS', 'SI']
    """
    check_some(ratios, "one method", FINISH)
    check_some(next(iter(ratios.values())), "a seed that all methods have", FINISH)
    figure, axes = canvas(
        HALF, 3.0, left=0.65, right=margin(list(ratios)) + _HANDLE, bottom=0.6 if left_out else 0.45
    )
    finite = [ratio for values in ratios.values() for ratio in values if math.isfinite(ratio)]
    last = 1.05 * max(finite, default=1.0)
    inks, names = task_colours(len(ratios)), shorten(list(ratios))
    for index, values in enumerate(ratios.values()):
        shares = np.arange(1, len(values) + 1) / len(values)
        known = np.isfinite(values)
        steps = np.concatenate([[1.0], np.asarray(values)[known], [last]])
        heights = np.concatenate([[0.0], shares[known], [shares[known].max(initial=0.0)]])
        (line,) = axes.step(steps, heights, where="post", color=tuple(inks[index]), linewidth=1.2, label=names[index])
        if DASHES[index % len(DASHES)]:
            line.set_dashes(DASHES[index % len(DASHES)])
    # Ends of lines coincide where every method gets to 1: names stand beside them in a legend instead.
    legend = axes.legend(loc="upper left", bbox_to_anchor=(1, 1), frameon=False, handlelength=2)
    for text in legend.get_texts():
        text.set_parse_math(False)
    axes.set(xscale="log", xlim=(1.0, last), ylim=(0, 1.03))
    # Below 2 there is no power of ten but 1, and what matplotlib writes between them runs together.
    axes.xaxis.set_major_locator(MaxNLocator(5) if last < 2 else LogLocator(subs=(1, 2, 5) if last < 50 else (1,)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{x:g}×"))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("factor above the best error" + (f"\nwithout {short(left_out, 48)}" if left_out else ""))
    axes.set_ylabel("share of metrics and seeds")
    return figure


def _rows(names: Sequence[str]) -> tuple[Figure, Axes]:
    check_some(names, "one method beside the reference", FINISH)
    figure, axes = canvas(HALF, 0.6 + ROW * 1.4 * len(names), left=margin(names), bottom=0.45)
    axes.set_yticks(range(len(names)), shorten(names), parse_math=False)
    axes.set_ylim(len(names) - 0.4, -0.6)
    return figure, axes
