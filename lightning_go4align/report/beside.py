"""Tables that set methods beside each other: a row for each task or metric, of many the most telling first."""

import math
from collections.abc import Callable, Mapping, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.plain_text import in_html, in_markdown
from lightning_go4align.plots.lines import TASKS_UP_TO
from lightning_go4align.plots.style import minus
from lightning_go4align.report.cards import table_card
from lightning_go4align.report.differences import Difference, paired_difference
from lightning_go4align.report.runs import Run
from lightning_go4align.report.tables import number, table

Methods = Mapping[str, Sequence[Run]]
Score = Callable[[History], dict[str, float]]

_APART = "Rows in which the methods lie furthest apart come first."
_TINY = np.finfo(float).tiny
_CHANCE = "The largest differences come first. Of so many intervals one in twenty leaves 0 out by chance alone."


def beside(title: str, methods: Methods, score: Score, ratios: bool = False) -> str:
    """Write a row for each name and a column for each method: mean and standard deviation over its runs.

    Args:
        title: What the table holds.
        methods: The runs of each method.
        score: Numbers of a run by their names.
        ratios: Whether it is ratios that tell how far methods lie apart, not differences.

    Returns:
        HTML.
    """
    scores = {method: [score(run.history) for run in runs] for method, runs in methods.items()}
    names = list(dict.fromkeys(name for found in scores.values() for one in found for name in one))
    values = [[[one.get(name, np.nan) for one in found] for found in scores.values()] for name in names]
    many = len(names) > TASKS_UP_TO and len(methods) > 1
    order = _furthest(values, ratios) if many else np.arange(len(names))
    rows = [[names[row], *map(mean_and_spread, values[row])] for row in order]
    about = f"<p>{_APART}</p>" if many else ""
    return table_card(title, about + table(title, ["name", *methods], rows, [names[row] for row in order]))


def paired(title: str, methods: Methods, score: Score) -> str:
    """Write a row for each name and method but the first, which they are compared with, seed by seed.

    Args:
        title: What the table holds.
        methods: The runs of each method.
        score: Numbers of a run by their names.

    Returns:
        HTML.
    """
    reference, *others = methods
    known = {run.seed: score(run.history) for run in methods[reference] if run.seed}
    found = {
        method: _differences([run for run in methods[method] if run.seed in known], known, score) for method in others
    }
    flat = [(name, method, one) for method, pairs in found.items() for name, one in pairs.items()]
    if not flat:
        return table_card(title, f"<p>No other method has a run with a seed of {escape(reference)}.</p>")
    about = ""
    if any(len(pairs) > TASKS_UP_TO for pairs in found.values()):
        flat.sort(key=lambda row: -np.nan_to_num(abs(row[2].mean), nan=-1))
        said = [_counted(method, reference, list(pairs.values())) for method, pairs in found.items()]
        about = f"<ul>{''.join(f'<li>{in_html(sentence)}</li>' for sentence in said)}</ul><p>{_CHANCE}</p>"
    rows = [[name, method, *_phrases(one)] for name, method, one in flat]
    head = ["name", f"method, less {reference}", "pairs", "mean, 95% interval", "lower in"]
    return table_card(title, about + table(title, head, rows, [name for name, _, _ in flat]))


def mean_and_spread(values: Sequence[float]) -> str:
    """Write the mean of what is known, with its standard deviation if there are several.

    Example:
        >>> mean_and_spread([-4.0, -5.0]), mean_and_spread([2.5]), mean_and_spread([])
        ('−4.50 ± 0.71', '2.5', '–')
    """
    known = np.array([value for value in values if np.isfinite(value)])
    if len(known) < 2:
        return number(float(known[0])) if len(known) else "–"
    return plus_minus(float(known.mean()), float(known.std(ddof=1)))


def plus_minus(mean: float, spread: float) -> str:
    """Write a mean with as many digits as its spread leaves to tell, at most four.

    Example:
        >>> plus_minus(-0.4512, 5.213), plus_minus(3.00002, 0.00031), plus_minus(-0.0046, 1.9)
        ('−0.5 ± 5.2', '3.000 ± 0.000', '0.0 ± 1.9')
    """
    if not spread:
        return f"{number(mean)} ± 0"
    finest = [_exponent(spread) - 1, *([_exponent(mean) - 3] if mean else [])]
    decimals = -max(finest)
    if decimals > 6:  # so small a number is read by its exponent
        return f"{number(mean)} ± {minus(f'{spread:.2g}')}"
    mean, spread = round(mean, decimals) + 0.0, round(spread, decimals)  # + 0.0, for there is no −0
    return minus(f"{mean:.{max(decimals, 0)}f} ± {spread:.{max(decimals, 0)}f}")


def _exponent(value: float) -> int:
    return math.floor(math.log10(abs(value)))


def _furthest(values: Sequence[Sequence[Sequence[float]]], ratios: bool) -> NDArray[np.int64]:
    """Rows in the order of how far the means of their methods lie apart."""
    means = np.array([[_mean(runs) for runs in row] for row in values])
    if ratios:  # 0 is further from 1 than any other ratio
        means = np.log(means.clip(_TINY), out=np.full(means.shape, np.nan), where=means >= 0)
    known = np.isfinite(means)
    apart = np.max(means, axis=1, initial=-np.inf, where=known) - np.min(means, axis=1, initial=np.inf, where=known)
    return np.argsort(-apart, kind="stable")


def _mean(values: Sequence[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else np.nan


def _differences(runs: Sequence[Run], known: Mapping[str, dict[str, float]], score: Score) -> dict[str, Difference]:
    pairs = [(score(run.history), known[run.seed]) for run in runs if run.seed in known]
    names = dict.fromkeys(name for one, _ in pairs for name in one)
    return {
        name: paired_difference(*zip(*[(a.get(name, np.nan), b.get(name, np.nan)) for a, b in pairs], strict=True))
        for name in names
    }


def _counted(method: str, reference: str, found: Sequence[Difference]) -> str:
    """Say of many differences how many lie on which side."""
    means = np.array([one.mean for one in found])
    lower, higher = (means < 0).sum(), (means > 0).sum()
    below = sum(one.mean + one.half_width < 0 for one in found)
    above = sum(one.mean - one.half_width > 0 for one in found)
    middle = number(float(np.nanmedian(means))) if np.isfinite(means).any() else "–"
    return (
        f"**{in_markdown(method)}** less **{in_markdown(reference)}**: lower in {lower:,} and higher in {higher:,} "
        f"of {len(found):,}, median {middle}; the interval lies below 0 in {below:,} and above 0 in {above:,}."
    )


def _phrases(found: Difference) -> list[str]:
    interval = plus_minus(found.mean, found.half_width) if np.isfinite(found.half_width) else number(found.mean)
    return [str(found.pairs), interval, f"{found.lower} of {found.pairs}"]
