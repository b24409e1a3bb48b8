"""What a run says in numbers and in a few sentences."""

from typing import NamedTuple

import numpy as np

from lightning_go4align.history import History
from lightning_go4align.plain_text import in_markdown
from lightning_go4align.plots.lines import TASKS_UP_TO
from lightning_go4align.plots.style import minus
from lightning_go4align.report.clusters import clusters
from lightning_go4align.report.shares import RECENT, recent_shares
from lightning_go4align.report.tables import decimals
from lightning_go4align.report.task_facts import move_rates
from lightning_go4align.words import duration, first_of

_SETS, _NAMED = 4, 6
_NAMED_OF_MANY = 2  # of each set, where all sets are many tasks


class Tile(NamedTuple):
    """A number that a reader looks for first.

    Args:
        label: What it is.
        value: The number.
        detail: What to read it against.
        meaning: What its words mean.
    """

    label: str
    value: str
    detail: str
    meaning: str


def tiles(history: History) -> list[Tile]:
    """Choose the numbers of a run: those that it has.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> [(tile.label, tile.value) for tile in tiles(example_history())][:3]
        [('best ∆m', '−2.5%'), ('metrics beating STL', '2 of 4'), ('stability', '0.983')]
    """
    return [*_of_scores(history), *_of_groups(history), *_of_convergence(history), *_of_time(history)]


def _of_scores(history: History) -> list[Tile]:
    validations = history.validations
    if not validations.scored:
        return []
    when = f"epoch {round(validations.epochs[validations.best], 2):g} of {round(validations.epochs[-1], 2):g}"
    meaning = "mean change of the metrics against single-task networks; lower is better"
    found = [Tile("best ∆m", percent(validations.delta_m[validations.best], 1), when, meaning)]
    if history.metrics:
        known = history.best_changes[np.isfinite(history.best_changes)]
        counted = f"{(known < 0).sum()} of {len(known)}"
        meaning = "STL: single-task learning, a network for each task alone"
        found.append(Tile("metrics beating STL", counted, "at the best epoch", meaning))
    return found


def _of_groups(history: History) -> list[Tile]:
    if not (history.grouped and history.windows.transitions.any()):
        return []
    means = history.windows.total().means()
    rand_index, adjusted_rand, moves = map(float, (means.rand, means.adjusted_rand, means.moves))
    recent = history.windows[-max(1, len(history.windows) // 10) :].total().means()
    late = f"last tenth {decimals(float(recent.moves))}"
    adjusted = f"adjusted for chance {decimals(adjusted_rand)}"
    rand = "Rand index: share of pairs that stay together or apart from step to step"
    occupied = f"{means.occupied:.1f} of {history.num_groups}"
    return [
        Tile("stability", decimals(rand_index, 3), adjusted, rand),
        Tile("moves per step", decimals(moves), late, "tasks that change group from one step to the next"),
        Tile("groups in use", occupied, "on average", "groups that hold a task, of those that ever did"),
    ]


def _of_convergence(history: History) -> list[Tile]:
    epochs = history.convergence_epochs[history.convergence_epochs > 0]
    if not len(epochs) or len(history.validations) < 2:
        return []
    meaning = "standard deviation of the epochs in which metrics last improved by 1%; small is aligned"
    difference = f"{epochs.std():.1f}"
    return [Tile("convergence difference", difference, "epochs; the paper's Fig. 2", meaning)]


def _of_time(history: History) -> list[Tile]:
    seconds = history.notes.seconds
    if not (history.total and seconds):
        return []
    step = seconds / history.total
    each = f"{1e3 * step:.3g} ms" if step < 1 else f"{step:.3g} s"
    return [Tile("time per step", each, f"{duration(seconds)} in all", "all of the training, validation included")]


def percent(value: float, digits: int = 0) -> str:
    """Write a signed percentage.

    Example:
        >>> percent(-2.54, 1)
        '−2.5%'
    """
    return minus(f"{value:+.{digits}f}%")


def sentences(history: History) -> list[str]:
    """Say who travels with whom, who is heard most and least, and how restless they are, in Markdown.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> for sentence in sentences(example_history()):
        ...     print(sentence)
        Travel together in 90% of steps or more: **normal** + **edges** (100%); each on its own:
        **depth**, **segmentation**.
        In the last 60 recorded steps every task had an even share of the weighted loss.
        Most restless: **depth**, which changes group in 3.4% of steps; steadiest: **segmentation** (0.0%).
        The grouping holds from one step to the next in 97% of steps.
    """
    return [*_companions(history), *_extreme_shares(history), *_restlessness(history)]


def _companions(history: History) -> list[str]:
    if not history.grouped or len(history.tasks) < 2:
        return []
    found = clusters(history)
    joined = sorted((cluster for cluster in found if len(cluster.tasks) > 1), key=lambda c: -len(c.tasks))
    alone = [history.tasks[cluster.tasks[0]] for cluster in found if len(cluster.tasks) == 1]
    if not joined:
        return [_closest(history)]
    most = _NAMED if len(history.tasks) <= TASKS_UP_TO else _NAMED_OF_MANY
    named = [
        f"{_some([history.tasks[i] for i in cluster.tasks], most)} ({cluster.share:.0%})"
        for cluster in joined[:_SETS]
    ]
    smaller = len(joined) - _SETS
    more = f"; {smaller} smaller set{'s' * (smaller > 1)}" if smaller > 0 else ""
    rest = f"; {'each ' if len(alone) > 1 else ''}on its own: {_some(alone, most, ', ')}" if alone else ""
    return [f"Travel together in 90% of steps or more: {'; '.join(named)}{more}{rest}."]


def _closest(history: History) -> str:
    rows, columns = np.triu_indices(len(history.tasks), 1)
    shares = history.shares[rows, columns]
    best = int(shares.argmax())
    if not shares[best]:
        return "No two tasks ever share a group."
    pair = f"{_name(history, rows[best])} + {_name(history, columns[best])} ({shares[best]:.0%})"
    return f"No two tasks share a group in 90% of steps; the closest are {pair}."


def _some(names: list[str], most: int, between: str = " + ") -> str:
    return first_of([f"**{in_markdown(name)}**" for name in names], most, between)


def _extreme_shares(history: History) -> list[str]:
    shares = recent_shares(history)
    if not np.isfinite(shares).any() or len(shares) < 2:
        return []
    count = min(RECENT, len(history.losses))
    recent = f"the last {count:,} recorded steps" if count > 1 else "the one recorded step"
    most, least = int(np.nanargmax(shares)), int(np.nanargmin(shares))
    if shares[most] < 1.05 * shares[least]:  # No reader would call that a difference.
        return [f"In {recent} every task had an even share of the weighted loss."]
    return [
        f"Of the weighted loss of {recent} {_name(history, most)} had the most, {shares[most]:.2g} times an even "
        f"share, and {_name(history, least)} the least, {shares[least]:.2g} times."
    ]


def _restlessness(history: History) -> list[str]:
    moves = move_rates(history)
    if np.isfinite(moves).sum() < 2:
        return []
    most, least = int(np.nanargmax(moves)), int(np.nanargmin(moves))
    held = history.windows.total().means().held
    holds = f"The grouping holds from one step to the next in {held:.0%} of steps."
    if moves[most] == moves[least]:
        return [
            f"Every task changes group in {moves[most]:.1%} of steps." if moves[most] else "No task changes group."
        ]
    restless = f"Most restless: {_name(history, most)}, which changes group in {moves[most]:.1%} of steps"
    return [f"{restless}; steadiest: {_name(history, least)} ({moves[least]:.1%}).", holds]


def _name(history: History, task: int) -> str:
    return f"**{in_markdown(history.tasks[task])}**"
