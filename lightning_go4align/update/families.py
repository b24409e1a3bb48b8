"""The numbers of a step under the names that loggers get, and which of them they get."""

import math
from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

from lightning_go4align.update.record import HostNumbers

Family = Literal["objective", "loss", "weight", "scaled_loss", "indicator", "group", "group_weight", "group_size"]
FAMILIES: tuple[Family, ...] = get_args(Family)
#: Of many tasks, whose products, indicators and groups a chart of lines cannot show.
FEW_FAMILIES: tuple[Family, ...] = ("objective", "loss", "weight", "group_weight", "group_size")
MANY_TASKS = 20


class Shown(NamedTuple):
    """What of a step is shown where.

    Args:
        prog_bar: Names of numbers for the progress bar.
        logged: Families of names for loggers; None for all, or ``FEW_FAMILIES`` for more than 20 tasks.

    Example:
        >>> Shown(logged=("loss",)).to_loggers({"objective": 3.0, "loss/depth": 2.0}, num_tasks=1)
        {'loss/depth': 2.0}
    """

    prog_bar: tuple[str, ...] = ()
    logged: tuple[Family, ...] | None = None

    def to_loggers(self, row: dict[str, float], num_tasks: int) -> dict[str, float]:
        """Choose what loggers get.

        Args:
            row: All numbers of a step, see ``step_row``.
            num_tasks: Number of tasks.
        """
        usual = FEW_FAMILIES if num_tasks > MANY_TASKS else FAMILIES
        chosen = usual if self.logged is None else self.logged
        return {name: value for name, value in row.items() if name.partition("/")[0] in chosen}


def shown(prog_bar: Sequence[str] | str, logged: Sequence[Family] | None) -> Shown:
    """Check what is to be shown.

    Args:
        prog_bar: Names of numbers for the progress bar.
        logged: Families of names for loggers; None for the usual ones.

    Raises:
        ValueError: If there is no such family.

    Example:
        >>> shown("objective", ["loss"])
        Shown(prog_bar=('objective',), logged=('loss',))
    """
    unknown = [name for name in logged or () if name not in FAMILIES]
    if isinstance(logged, str) or unknown:
        raise ValueError(f"`logged` must be a list of names out of {list(FAMILIES)}, but is {logged!r}. Correct it.")
    names = (prog_bar,) if isinstance(prog_bar, str) else tuple(prog_bar)
    return Shown(names, None if logged is None else tuple(logged))


def step_row(numbers: HostNumbers) -> dict[str, float]:
    """Name the numbers of a step; what an absent task lacks is left out.

    Args:
        numbers: The numbers.

    Returns:
        With the names ``objective``, ``loss/<task>``, ``weight/<task>``, ``scaled_loss/<task>``, and for a method
        that groups also ``indicator/<task>``, ``group/<task>``, ``group_weight/<k>`` and ``group_size/<k>``.

    Example:
        >>> step_row(HostNumbers(1, ("depth", "normal"), LastSteps.never(2), 1.0, [2.0, math.nan], [0.5, 0.0]))
        {'objective': 1.0, 'loss/depth': 2.0, 'weight/depth': 0.5, 'scaled_loss/depth': 1.0}
    """
    row = {"objective": numbers.objective}
    for task, loss, weight in zip(numbers.tasks, numbers.losses, numbers.weights, strict=True):
        if not math.isnan(loss):
            row[f"loss/{task}"] = loss
        if not math.isnan(loss) and not math.isnan(weight):
            row |= {f"weight/{task}": weight, f"scaled_loss/{task}": weight * loss}
    if numbers.groups is None:
        return row
    indicators, assignment, group_weights = numbers.groups
    for task, indicator, group in zip(numbers.tasks, indicators, assignment, strict=True):
        if group >= 0:
            row |= {f"indicator/{task}": indicator, f"group/{task}": group}
    for k, weight in enumerate(group_weights):
        row |= {f"group_weight/{k}": weight, f"group_size/{k}": float(assignment.count(k))}
    return row
