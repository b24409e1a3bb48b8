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
    found: list[Tile] = []
    if np.isfinite(history.scores[:, 2]).any():
        epochs, _, scores, _ = history.scores.T
        best = int(np.nanargmin(scores))
        when = f"epoch {round(epochs[best], 2):g} of {round(epochs[-1], 2):g}"
        found.append(Tile("best ∆m", percent(scores[best], 1), when))
        if history.metrics:
            known = history.best_deltas[np.isfinite(history.best_deltas)]
            found.append(Tile("metrics beating STL", f"{(known < 0).sum()} / {len(known)}", "at the best epoch"))
    transitions, rand, adjusted, moves, _, occupied = history.windows.sum(0)
    if history.grouped and transitions:
        recent = history.windows[-max(1, len(history.windows) // 10) :].sum(0)
        late = f"last tenth {recent[3] / max(recent[0], 1):.2f}"
        detail = minus(f"Rand; adjusted {adjusted / transitions:.2f}")
        found.append(Tile("stability", f"{rand / transitions:.3f}", detail))
        found.append(Tile("moves per step", f"{moves / transitions:.2f}", late))
        mean, most = occupied / transitions, history.num_groups
        found.append(Tile("groups in use", f"{mean:.1f} / {most}", "mean; at most"))
    if len(history.epochs) and len(history.scores) > 1:
        found.append(Tile("convergence diff.", f"{history.epochs.std():.1f}", "std of epochs"))
    if history.total and "seconds" in history.notes:
        seconds = float(history.notes["seconds"])
        step = seconds / history.total
        value = f"{1e3 * step:.3g} ms" if step < 1 else f"{step:.3g} s"
        found.append(Tile("time per step", value, f"{seconds:,.0f} s in all"))
    return found


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
    tasks, weights, found = history.tasks, mean_weights(history), []
    if history.grouped and len(tasks) > 1:
        rows, columns = np.triu_indices(len(tasks), 1)
        shares = history.shares[rows, columns]
        closest = [place for place in np.argsort(-shares, kind="stable")[:3] if shares[place] > 0]
        pairs = [f"**{tasks[rows[i]]}** + **{tasks[columns[i]]}** ({shares[i]:.0%})" for i in closest]
        found.append(f"Closest pairs: {', '.join(pairs)}." if pairs else "No two tasks ever share a group.")
    if len(set(weights[np.isfinite(weights)])) > 1:
        high, low = int(np.nanargmax(weights)), int(np.nanargmin(weights))
        pushed, held = (f"**{tasks[task]}** at {minus(f'{weights[task]:.2g}')}×" for task in (high, low))
        found.append(f"Pushed hardest: {pushed}; held back most: {held}.")
    if history.grouped and history.windows[:, 0].sum() and len(tasks) > 1:
        found += _restlessness(history)
    return found


def _restlessness(history: History) -> list[str]:
    transitions, *_, held, _ = history.windows.sum(0)
    moves = history.task_moves / transitions
    most, least = int(moves.argmax()), int(moves.argmin())
    holds = f"The grouping holds from one step to the next in {held / transitions:.0%} of steps."
    if moves[most] == moves[least]:
        return [
            f"Every task changes group in {moves[most]:.1%} of steps." if moves[most] else "No task changes group."
        ]
    restless = f"Most restless: **{history.tasks[most]}**, which changes group in {moves[most]:.1%} of steps"
    return [f"{restless}; steadiest: **{history.tasks[least]}** ({moves[least]:.1%}).", holds]
