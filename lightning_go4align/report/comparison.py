"""The page that compares runs: methods and seeds."""

from collections.abc import Callable
from html import escape

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from lightning_go4align.functional.counting import rand_indices_between
from lightning_go4align.history import History
from lightning_go4align.plain_text import in_html, in_markdown
from lightning_go4align.plots.comparison import comparison_bars
from lightning_go4align.plots.runs import delta_m_of_runs
from lightning_go4align.plots.style import style
from lightning_go4align.report.beside import beside, mean_and_spread, paired
from lightning_go4align.report.cards import still, still_on_phones, table_card
from lightning_go4align.report.comparable import comparable, lengths
from lightning_go4align.report.listing import cards_of_runs, runs_tables
from lightning_go4align.report.runs import Run
from lightning_go4align.report.shell import search, shell
from lightning_go4align.report.tables import decimals, number, table
from lightning_go4align.report.task_facts import first_and_last_losses


def comparison(runs: list[Run], links: list[str]) -> str:
    """Write the page that compares runs; the first run's method is the reference of paired differences.

    Args:
        runs: At least two runs.
        links: Where each run's own page is, seen from this one.

    Returns:
        HTML.
    """
    methods = _by_method(runs)
    parts = {"Runs": [cards_of_runs(runs_tables(runs, links))]}
    scored = [run for run in runs if run.history.validations.scored]
    lead = ""
    if scored:
        scored, left_out = comparable(scored)
        lead = _lead(scored, left_out)
        parts["Scores"] = _scores(scored)
    weights = beside(_WEIGHT, methods, _weights, ratios=True)
    parts["Tasks"] = [weights, beside(_LAST, methods, _losses, ratios=True)]
    grouped = [run for run in runs if run.history.grouped]
    if len(grouped) > 1:
        parts["Groups"] = [table_card("Agreement of groups", f"<p>{_AGREEMENT}</p>{_agreement(grouped)}")]
    content = "\n".join(
        f'<h2>{name}</h2>\n<div class="cards">{"".join(cards)}</div>' for name, cards in parts.items()
    )
    title, named = f"Comparison of {len(runs)} runs", ", ".join(escape(name) for name in methods)
    head = f'<h1>{title}</h1>\n<p class="about">{named}</p>\n{lead}<p class="calm">{in_html(_WORDS)}</p>'
    bar = f'<header class="bar"><p>{title}</p>{search("Tasks and metrics")}</header>\n'
    return shell(title, f"{bar}<main>\n{head}\n{content}\n</main>", searches=True)


_PAIRED = "paired by seed, in percentage points"
_WEIGHT = "Weight of each task, mean of the recorded steps with it"
_LAST = "Loss of each task, mean of the last twentieth of the recorded steps"
_WORDS = (
    "∆m is the mean relative change of the metrics against single-task learning (STL: a network for each task "
    "alone), in percent; lower is better. Numbers are means over seeds ± their standard deviation. Paired: only runs "
    "with the same seed are compared, with the 95% interval of the mean difference by Student's t; an interval that "
    "holds 0 tells no difference. It is given from two pairs on, and holds if differences are normally distributed; "
    "the bootstrap of `go4align study` supposes no distribution, and gives none of fewer than five seeds."
)
_BARS = "Mean over runs and its standard deviation. Red is worse than single-task networks, green is better."
_CURVES = "A line for each run; below 0 beats single-task networks. First epochs may be out of sight."
_AGREEMENT = (
    "Adjusted Rand index between the tasks' main groups, the groups in which they are in most steps: 1 is the same "
    "groups, 0 is chance."
)


def _by_method(runs: list[Run]) -> dict[str, list[Run]]:
    methods: dict[str, list[Run]] = {}
    for run in runs:
        methods.setdefault(run.method, []).append(run)
    return methods


def _lead(runs: list[Run], left_out: str) -> str:
    """Say first which method is ahead, how far the others are behind it, and what is not compared."""
    said = filter(None, (_ranking(runs), left_out))
    return "".join(f'<p class="lead">{in_html(sentence)}</p>\n' for sentence in said)


def _ranking(runs: list[Run]) -> str:
    best = _best(runs)
    if len(best) < 2:
        return ""
    order = sorted(best, key=lambda name: float(np.mean(best[name])))
    means = {in_markdown(name): f"{mean_and_spread(best[name])}% ({_runs(len(best[name]))})" for name in order}
    said = ", ".join(f"**{name}** {mean}" for name, mean in means.items())
    return f"Mean best ∆m, the lowest first: {said}. {lengths(_by_method(runs))}".rstrip()


def _scores(runs: list[Run]) -> list[str]:
    methods = _by_method(runs)
    return [
        *_pictures(runs),
        paired(f"∆m, {_PAIRED}", methods, _delta_m),
        beside("Change of each metric at the best epoch, in percent", methods, _changes),
        paired(f"Change of each metric, {_PAIRED}", methods, _changes),
    ]


def _pictures(runs: list[Run]) -> list[str]:
    best = _best(runs)
    text = ", ".join(f"{name} {number(float(np.mean(values)), '%')}" for name, values in best.items())
    curves = {run.label: (run.history.validations.epochs, run.history.validations.delta_m) for run in runs}
    seen = f"Lines of ∆m by epoch of {len(runs)} runs; the table has the best."
    return [
        _picture("Best ∆m", _BARS, f"Bars of the mean best ∆m: {text}.", lambda: comparison_bars(best)),
        _picture("∆m by epoch", _CURVES, seen, lambda: delta_m_of_runs(curves)),
    ]


def _best(runs: list[Run]) -> dict[str, list[float]]:
    return {name: [_delta_m(run.history)["∆m"] for run in found] for name, found in _by_method(runs).items()}


def _runs(count: int) -> str:
    return f"{count} run" + "s" * (count > 1)


def _picture(title: str, caption: str, description: str, draw: Callable[[], Figure]) -> str:
    with style("light"):
        seen = still(draw(), description) + still_on_phones(draw, description)
    return f'<div class="card half"><h3>{title}</h3><p>{caption}</p>{seen}</div>'


def _delta_m(history: History) -> dict[str, float]:
    found = history.validations
    return {"∆m": float(found.delta_m[found.best])} if found.scored else {}


def _changes(history: History) -> dict[str, float]:
    known = history.validations.scored
    return dict(zip(history.metrics, history.best_changes.tolist(), strict=True)) if known else {}


def _weights(history: History) -> dict[str, float]:
    return dict(zip(history.tasks, history.mean_weights.tolist(), strict=True))


def _losses(history: History) -> dict[str, float]:
    return dict(zip(history.tasks, first_and_last_losses(history)[1].tolist(), strict=True))


def _agreement(runs: list[Run]) -> str:
    rows = [[one.label, *(decimals(_adjusted_rand(one.history, other.history)) for other in runs)] for one in runs]
    return table("Agreement of groups", ["run", *(run.label for run in runs)], rows)


def _adjusted_rand(first: History, second: History) -> float:
    common = [task for task in first.tasks if task in second.tasks]
    one, other = (_homes(history, common) for history in (first, second))
    return float(rand_indices_between(one, other)[0, 1])


def _homes(history: History, tasks: list[str]) -> NDArray[np.int64]:
    positions = [history.tasks.index(task) for task in tasks]
    return history.main_groups[None, positions].astype(np.int64)
