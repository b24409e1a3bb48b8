"""How the tasks share the total risk, before and after scaling (Fig. 8 of the paper)."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plots.checks import check_steps
from lightning_go4align.plots.labels import end_labels, room_beside
from lightning_go4align.plots.lines import lines
from lightning_go4align.plots.style import HALF, ROW, canvas, colour, count_axis, picture
from lightning_go4align.plots.windows import whole_run, window_means


@picture
def risks_before(history: History) -> Figure:
    """Show each task's share of the summed losses.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(risks_before(example_history()).axes)
        1
    """
    return _areas(history, risk_shares(history.losses))


@picture
def risks_after(history: History) -> Figure:
    """Show each task's share of the summed losses once weights have scaled them; steady bands mean aligned tasks.

    Args:
        history: A run with at least one step.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> len(risks_after(example_history()).axes)
        1
    """
    return _areas(history, risk_shares(history.scaled))


def risk_shares(risks: NDArray[np.floating]) -> NDArray[np.float64]:
    """Divide risks by their sum.

    Args:
        risks: Losses, shape ``[R, M]``; NaN for an absent task. Of a negative one the size counts.

    Returns:
        Shares, shape ``[R, M]``, summing to 1; NaN in steps in which there is none.

    Example:
        >>> risk_shares(np.array([[1.0, 3.0]], np.float32))
        array([[0.25, 0.75]])
    """
    sizes = np.abs(np.nan_to_num(risks.astype(float), posinf=0, neginf=0))
    total = sizes.sum(1, keepdims=True)
    return np.asarray(np.divide(sizes, total, out=np.full_like(sizes, np.nan), where=total > 0))


def drift(shares: NDArray[np.float64]) -> float:
    """Measure by how much of itself a share varies over the run, on average over the tasks.

    Args:
        shares: Shares, shape ``[R, M]``.

    Returns:
        Mean of the shares' standard deviations over their means, without unit; NaN where nothing is finite.

    Example:
        >>> drift(np.array([[0.5, 0.5], [0.3, 0.7]]))
        0.208...
    """
    kept = shares[np.isfinite(shares).all(1)]
    means = kept.mean(0) if len(kept) else np.zeros(0)
    return float((kept.std(0)[means > 0] / means[means > 0]).mean()) if (means > 0).any() else float("nan")


def _areas(history: History, shares: NDArray[np.float64]) -> Figure:
    check_steps(history)
    drawn = lines(history)
    # Tasks come the heaviest first and groups the lightest first; the heaviest stands on top, as in other pictures.
    order = np.arange(len(drawn.names))[:: -1 if drawn.tasks else 1]
    steps, means = window_means(history, drawn.sums(shares)[:, order])
    finite = np.isfinite(means).all(1)
    steps, means = steps[finite], means[finite]
    names, colours = [drawn.names[line] for line in order], drawn.colours[order]
    height = max(1.9, len(names) * ROW * 0.72)
    figure, axes = canvas(HALF, height + 0.38, left=0.5, right=room_beside(names))
    if len(steps):
        steps, means = whole_run(history, steps, means)
        axes.stackplot(steps, means.T, colors=colours, edgecolor=colour("paper"), linewidth=0.6)
    axes.set_ylim(0, 1)
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    count_axis(axes, "step", float(max(history.total, 1)))
    axes.set_xlim(left=0)
    if len(steps):
        tops = means[-1].cumsum()
        end_labels(axes, tops - means[-1] / 2, names, list(colours))
    return figure
