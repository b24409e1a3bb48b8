"""What a run says in numbers and in a few sentences."""

from typing import NamedTuple

import numpy as np

from lightning_go4align.history import History
from lightning_go4align.plots.order import mean_weights
from lightning_go4align.plots.style import minus


class Tile(NamedTuple):
    """A number that a reader looks for first.

    Args:
        label: What it is.
        value: The number.
        detail: What to read it against.
    """

    label: str
    value: str
    detail: str


def tiles(history: History) -> list[Tile]:
    """Choose the numbers of a run: those that it has.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> [(tile.label, tile.value) for tile in tiles(example_history())][:3]
        [('best ∆m', '−2.5%'), ('metrics beating STL', '2 / 4'), ('stability', '0.983')]
    """
    return [*_of_scores(history), *_of_groups(history), *_of_convergence(history), *_of_time(history)]


def _of_scores(history: History) -> list[Tile]:
    validations = history.validations
    if not validations.scored:
        return []
    when = f"epoch {round(validations.epochs[validations.best], 2):g} of {round(validations.epochs[-1], 2):g}"
    found = [Tile("best ∆m", percent(validations.delta_m[validations.best], 1), when)]
    if history.metrics:
        known = history.best_changes[np.isfinite(history.best_changes)]
        found.append(Tile("metrics beating STL", f"{(known < 0).sum()} / {len(known)}", "at the best epoch"))
    return found


def _of_groups(history: History) -> list[Tile]:
    if not (history.grouped and history.windows.transitions.any()):
        return []
    means = history.windows.total().means()
    recent = history.windows[-max(1, len(history.windows) // 10) :].total()
    late = f"last tenth {float(recent.moves) / max(float(recent.transitions), 1):.2f}"
    return [
        Tile("stability", f"{means.rand:.3f}", minus(f"Rand; adjusted {means.adjusted_rand:.2f}")),
        Tile("moves per step", f"{means.moves:.2f}", late),
        Tile("groups in use", f"{means.occupied:.1f} / {history.num_groups}", "mean; at most"),
    ]


def _of_convergence(history: History) -> list[Tile]:
    if not len(history.convergence_epochs) or len(history.validations) < 2:
        return []
    return [Tile("convergence diff.", f"{history.convergence_epochs.std():.1f}", "std of epochs")]


def _of_time(history: History) -> list[Tile]:
    seconds = history.notes.seconds
    if not (history.total and seconds):
        return []
    step = seconds / history.total
    return [
        Tile("time per step", f"{1e3 * step:.3g} ms" if step < 1 else f"{step:.3g} s", f"{seconds:,.0f} s in all")
    ]


def percent(value: float, digits: int = 0) -> str:
    """Write a signed percentage.

    Example:
        >>> percent(-2.54, 1)
        '−2.5%'
    """
    return minus(f"{value:+.{digits}f}%")


def sentences(history: History) -> list[str]:
    """Say who travels with whom, who is pushed and held back, and how restless they are; names in ``**``.

    Args:
        history: The run.

    Example:
        >>> from lightning_go4align.plots.example import example_history
        >>> for sentence in sentences(example_history()):
        ...     print(sentence)
        Closest pairs: **normal** + **edges** (100%), ...
        Pushed hardest: **normal** at 1.5×; held back most: **segmentation** at 0.5×.
        Most restless: **depth**, which changes group in 3.4% of steps; steadiest: **segmentation** (0.0%).
        The grouping holds from one step to the next in 97% of steps.
    """
    return [*_closest_pairs(history), *_extreme_weights(history), *_restlessness(history)]


def _closest_pairs(history: History) -> list[str]:
    tasks = history.tasks
    if not history.grouped or len(tasks) < 2:
        return []
    rows, columns = np.triu_indices(len(tasks), 1)
    shares = history.shares[rows, columns]
    closest = [index for index in np.argsort(-shares, kind="stable")[:3] if shares[index] > 0]
    pairs = [f"**{tasks[rows[i]]}** + **{tasks[columns[i]]}** ({shares[i]:.0%})" for i in closest]
    return [f"Closest pairs: {', '.join(pairs)}." if pairs else "No two tasks ever share a group."]


def _extreme_weights(history: History) -> list[str]:
    weights = mean_weights(history)
    if len(set(weights[np.isfinite(weights)])) < 2:
        return []
    extremes = (int(np.nanargmax(weights)), int(np.nanargmin(weights)))
    pushed, held = (f"**{history.tasks[task]}** at {minus(f'{weights[task]:.2g}')}×" for task in extremes)
    return [f"Pushed hardest: {pushed}; held back most: {held}."]


def _restlessness(history: History) -> list[str]:
    if not (history.grouped and history.windows.transitions.any()) or len(history.tasks) < 2:
        return []
    total = history.windows.total()
    moves = history.task_moves / total.transitions
    most, least = int(moves.argmax()), int(moves.argmin())
    holds = f"The grouping holds from one step to the next in {total.held / total.transitions:.0%} of steps."
    if moves[most] == moves[least]:
        return [
            f"Every task changes group in {moves[most]:.1%} of steps." if moves[most] else "No task changes group."
        ]
    restless = f"Most restless: **{history.tasks[most]}**, which changes group in {moves[most]:.1%} of steps"
    return [f"{restless}; steadiest: **{history.tasks[least]}** ({moves[least]:.1%}).", holds]
