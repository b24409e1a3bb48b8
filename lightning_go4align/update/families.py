"""Which numbers of a step are shown where, by the families of their names."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

Family = Literal["objective", "loss", "weight", "scaled_loss", "indicator", "group", "group_weight", "group_size"]
FAMILIES: tuple[Family, ...] = get_args(Family)
#: Of many tasks, whose products, indicators and groups a chart of lines cannot show.
FEW_FAMILIES: tuple[Family, ...] = ("objective", "loss", "weight", "group_weight", "group_size")
MANY_TASKS = 20
OF_NO_TASK = ("objective", "group_weight", "group_size")
PREFIX = "go4align/"  # of a name that the module logs itself


class Shown(NamedTuple):
    """What of a step is shown where.

    Args:
        prog_bar: Names of numbers for the progress bar.
        logged: Families of names for loggers; None for all, or ``FEW_FAMILIES`` for more than 20 tasks.

    Example:
        >>> Shown().families(num_tasks=40)
        ('objective', 'loss', 'weight', 'group_weight', 'group_size')
    """

    prog_bar: tuple[str, ...] = ()
    logged: tuple[Family, ...] | None = None

    def families(self, num_tasks: int) -> tuple[Family, ...]:
        """Choose what loggers get.

        Args:
            num_tasks: Number of tasks.
        """
        if self.logged is not None:
            return self.logged
        return FEW_FAMILIES if num_tasks > MANY_TASKS else FAMILIES

    def unknown(self, tasks: Sequence[str]) -> list[str]:
        """List what the progress bar waits for in vain.

        Args:
            tasks: Names of the tasks.
        """
        named = {name: name.removeprefix(PREFIX).partition("/") for name in self.prog_bar}
        return [name for name, (family, _, task) in named.items() if family not in OF_NO_TASK and task not in tasks]


def shown(prog_bar: Sequence[str] | str, logged: Sequence[Family] | None) -> Shown:
    """Check what is to be shown.

    Args:
        prog_bar: Names of numbers for the progress bar.
        logged: Families of names for loggers; None for the usual ones.

    Raises:
        ValueError: If there is no such family, or a name in the progress bar is of none.

    Example:
        >>> shown("objective", ["loss"])
        Shown(prog_bar=('objective',), logged=('loss',))
    """
    unknown = [name for name in logged or () if name not in FAMILIES]
    if isinstance(logged, str) or unknown:
        raise ValueError(f"`logged` must be a list of names out of {list(FAMILIES)}, but is {logged!r}. Correct it.")
    names = (prog_bar,) if isinstance(prog_bar, str) else tuple(prog_bar)
    strange = [name for name in names if not is_known(name)]
    if strange:
        raise ValueError(
            f"`prog_bar` must hold names as loggers get them, as 'objective' or 'loss/depth', but holds {strange}. "
            f"Begin them with one of {list(FAMILIES)}."
        )
    return Shown(names, None if logged is None else tuple(logged))


def is_known(name: str) -> bool:
    """Tell whether a name is of one of the families.

    Example:
        >>> is_known("loss/depth"), is_known("objective"), is_known("val/loss")
        (True, True, False)
    """
    family, _, rest = name.removeprefix(PREFIX).partition("/")
    return family in FAMILIES and bool(rest) == (family != "objective")
