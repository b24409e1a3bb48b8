"""What a study says against itself: refused, for one of the two would be dropped without a word."""

from collections.abc import Collection, Mapping
from typing import Any

from lightning_go4align.studies.merge import value_at
from lightning_go4align.studies.names import short_name

_LOGS = "logs nothing, of which a study makes its tables"
_TRAINER = {  # what a study needs it to be, and what `fit` does else
    "fast_dev_run": (False, _LOGS),
    "barebones": (False, _LOGS),
    "enable_checkpointing": (True, "writes no checkpoint, from which a study's runs go on when they are interrupted"),
}


def check_select_by(metric: str, higher_is_better: Collection[str], columns: Collection[str]) -> None:
    """Refuse a metric of choice of the test, or with another sign than the study gives it as a column.

    Args:
        metric: The metric; lower is better, or higher with a minus in front.
        higher_is_better: Columns that are better when higher.
        columns: All columns.

    Raises:
        ValueError: If the test, or the worst, would be chosen by.

    Example:
        >>> check_select_by("-val/accuracy", ["test/accuracy"], ["test/accuracy", "test/error"])
    """
    name = metric.removeprefix("-")
    if name.startswith("test/"):
        raise ValueError(f"`select_by` must not look at the test, but is {metric!r}.")
    higher = {short_name(column) for column in higher_is_better}
    lower = {short_name(column) for column in columns} - higher
    if metric == name and short_name(name) in higher:
        raise ValueError(
            f"`select_by` is {metric!r}, of which the lowest is chosen, but `higher_is_better` names "
            f"{short_name(name)}. Put a minus in front, '-{name}', or correct `higher_is_better`."
        )
    if metric != name and short_name(name) in lower:
        raise ValueError(
            f"`select_by` is {metric!r}, of which the highest is chosen, but {short_name(name)} is a column that "
            "`higher_is_better` does not name. Leave out the minus, or name the column there."
        )


def check_argument(argument: str, key: str, given: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse overrides of an argument that the study gives to each run.

    Args:
        argument: The argument.
        key: Where the study names its values.
        given: Overrides, by the names of their places.

    Raises:
        ValueError: If one sets it, so that runs that should differ would not, or it would do nothing.
    """
    for place, overrides in given.items():
        if value_at(overrides, argument) is not None:
            raise ValueError(f"`{place}` sets `{argument}`, which each run has from `{key}`. Leave it out there.")


def check_trainer(method: str, config: Mapping[str, Any]) -> None:
    """Refuse settings of the trainer under which no run could end as a study needs it.

    Args:
        method: Name of the method.
        config: Its configuration.

    Raises:
        ValueError: If it has one.
    """
    for name, (needed, lack) in _TRAINER.items():
        value = value_at(config, f"trainer.{name}")
        if value is not None and bool(value) is not needed:
            raise ValueError(f"{method!r} has `trainer.{name}: {value}`, under which `fit` {lack}. Leave it out.")
