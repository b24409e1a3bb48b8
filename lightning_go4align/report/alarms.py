"""What is wrong with a run, if anything: the first thing that its page says."""

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history import History
from lightning_go4align.history.starving import DRAWN, OTHER_SIZE, OUTLIER, STARVED, SUM_OF_RAW_LOSSES
from lightning_go4align.plain_text import in_markdown
from lightning_go4align.report.shares import RECENT, has_scales, set_by_user, shares_without, starving_since
from lightning_go4align.words import first_of

SHORTEST = 50  # recorded steps; of a long run a tenth
RESTLESS = 0.5  # adjusted Rand index: halfway between chance and no change
_NAMED = 8


class Alarm(NamedTuple):
    """Something to look at.

    Args:
        what: What was found, in Markdown, with names in ``**``.
        advice: What it may mean and what to do, in Markdown.
        short: What was found, in a table's few words and in plain text.
    """

    what: str
    advice: str
    short: str


def alarms(history: History) -> list[Alarm]:
    """Look for starved tasks, losses that are not finite, groups that never settle, and a group that holds all.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> alarms(example_history())
        []
    """
    found = [*_interrupted(history), *_not_finite(history), *_unweighted(history), *_starved(history)]
    return [*found, *_restless(history), *_one_group(history)]


def _interrupted(history: History) -> list[Alarm]:
    cause = history.notes.interrupted
    advice = "What follows is what was recorded until then."
    return [Alarm(f"The run ended early: {in_markdown(cause)}.", advice, "ended early")] if cause else []


def _not_finite(history: History) -> list[Alarm]:
    tasks, steps = (np.asarray(np.isinf(history.losses).any(axis)) for axis in (0, 1))
    if not tasks.any():
        return []
    often = f"{steps.sum():,} of {len(steps):,} recorded steps, first in {history.steps[steps][0]:,}"
    advice = "Look for a division or a logarithm of 0 in that loss, or lower the learning rate."
    names, plain = _names(history, tasks)
    return [Alarm(f"The loss of {names} was not finite in {often}.", advice, f"loss not finite: {plain}")]


def _unweighted(history: History) -> list[Alarm]:
    present = np.isfinite(history.losses[-RECENT:])
    zero = (history.weights[-RECENT:] == 0) & present
    stopped = present.any(0) & (zero.sum(0) == present.sum(0))
    if zero.any(0).all():  # Every task is left out at times.
        stopped &= present.sum(0) >= DRAWN * len(history.tasks)
    stopped &= ~set_by_user(history)
    if not stopped.any():
        return []
    negative = (np.nan_to_num(history.losses[-RECENT:, stopped]) < 0).any()
    of_sign = "A negative loss has weight 0 in most methods: add a constant to it."
    advice = f"Nothing trains it any more. {of_sign if negative else _mend(history, stopped)}"
    names, plain = _names(history, stopped)
    return [Alarm(f"The weight of {names} is 0 in all recent steps.", advice, f"weight 0: {plain}")]


def _starved(history: History) -> list[Alarm]:
    steps = starving_since(history)
    least = max(SHORTEST, len(history.steps) // 10)
    left_out = ((history.weights == 0) | ~np.isfinite(history.losses))[-least:].all(0)
    starved = steps >= np.where(left_out, max(least, DRAWN * len(history.tasks)), least)
    starved &= np.nan_to_num(history.weights[-RECENT:]).any(0)  # weight 0 is said on its own
    starved &= ~set_by_user(history)
    if not starved.any():
        return []
    names, plain = _names(history, starved)
    what = (
        f"{names} starves: in the last {steps[starved].min():,} recorded steps its share of the "
        "weighted loss is below a thousandth of an even one."
    )
    advice = f"Hardly anything trains it. {_mend(history, starved)}"
    return [Alarm(what, advice, f"starves: {plain}")]


def _mend(history: History, chosen: NDArray[np.bool_]) -> str:
    """Say what helps tasks of next to no weight, as the live warning does."""
    own = set_by_user(history)
    if own.any() and (shares_without(history, own)[chosen] >= STARVED).all():
        return f"The factors of {_names(history, own)[0]} leave it no more: lower them."
    if has_scales(history):
        return OUTLIER
    return SUM_OF_RAW_LOSSES if "GO4Align" in history.notes.method else OTHER_SIZE


def _restless(history: History) -> list[Alarm]:
    if not (history.grouped and history.windows.transitions.any()):
        return []
    late = history.windows[-max(1, len(history.windows) // 4) :].total().means()
    if not late.adjusted_rand < RESTLESS:
        return []
    what = (
        f"The groups do not settle: in the last quarter, those of one step agree with those of the next by "
        f"{float(late.adjusted_rand):.2f} (adjusted Rand index: 0 is chance, 1 no change), and "
        f"{float(late.moves):.1f} of {len(history.tasks)} tasks change group per step."
    )
    advice = "Fewer groups hold longer: lower `num_groups`, or take a method that smooths losses."
    return [Alarm(what, advice, "groups do not settle")]


def _one_group(history: History) -> list[Alarm]:
    quarter = max(1, len(history.groups) // 4)
    late = history.groups[-quarter:]
    if not history.grouped or len(history.tasks) < 2 or re.search(r"num_groups=1\b", history.notes.method):
        return []
    seen = (late >= 0).sum(1) > 1
    alone = (np.where(late >= 0, late, late.max(1, keepdims=True)) == late.max(1, keepdims=True)).all(1)
    # Tasks of one group may have weights of their own still, see `shrunk_to_group`.
    weights = history.weighed[-quarter:]
    alike = np.nan_to_num(weights, nan=0.0).max(1) < 1.1 * np.nan_to_num(weights, nan=np.inf).min(1)
    if not seen.any() or (alone & alike)[seen].mean() < 0.95:
        return []
    what = f"One group holds all tasks in {alone[seen].mean():.0%} of the steps in the last quarter."
    advice = "All have one weight then, as without a method. Look at the indicators: are they all equal?"
    return [Alarm(what, advice, "one group holds all")]


def _names(history: History, chosen: NDArray[np.bool_]) -> tuple[str, str]:
    """Name tasks, in Markdown and in plain text."""
    names = [history.tasks[task] for task in np.flatnonzero(chosen)]
    marked = [f"**{in_markdown(name)}**" for name in names]
    return first_of(marked, _NAMED), first_of(names, _NAMED)
