"""Metrics of metrics: values by their names."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import torch
from torch import Tensor
from typing_extensions import override

from lightning_go4align.metrics.precision import PreciseMetric
from lightning_go4align.metrics.values import stack_named
from lightning_go4align.renamed import warn_of_former_name


class NamedMetric(PreciseMetric):
    """A metric of named values, some of which are better when higher.

    Args:
        names: Names of the values, at least one.
        maximize: Names of those that are better when higher.
        higher_is_better: The former name of ``maximize``.
        settings: What else the metric is made with.
        kwargs: torchmetrics' own.

    Example:
        >>> from lightning_go4align.metrics import DeltaM
        >>> score = DeltaM({"miou": 38.3, "abs_err": 0.68}, maximize=["miou"])
        >>> score.names, score.maximize
        (('miou', 'abs_err'), tensor([ True, False]))
    """

    names: tuple[str, ...]
    maximize: Tensor

    def __init__(
        self,
        names: Collection[str],
        maximize: Collection[str],
        higher_is_better: Collection[str] | None,
        settings: tuple[object, ...] = (),
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.names = check_names(names, "metrics")
        argument = "maximize" if higher_is_better is None else "higher_is_better"
        better = check_directions(_renamed(maximize, higher_is_better), self.names, argument)
        mask = torch.tensor([name in better for name in self.names], dtype=torch.bool)
        self.register_buffer("maximize", mask, persistent=False)
        self.made_with = (self.names, sorted(better), *settings)

    # No property: whoever looks through the attributes of a module, as TorchScript does, would be warned.
    @override
    def __getattr__(self, name: str) -> Any:
        if name != "rises":
            return super().__getattr__(name)
        warn_of_former_name("rises", "maximize")
        return self.maximize

    def stacked(self, values: Mapping[str, Tensor | float]) -> Tensor:
        """Line up the values of one update, shape ``[S]``, on the metric's device."""
        return stack_named(values, self.names, self.device)


def _renamed(maximize: Collection[str], higher_is_better: Collection[str] | None) -> Collection[str]:
    if higher_is_better is None:
        return maximize
    # torchmetrics has a class attribute of that name, one bool, which `MetricTracker` reads: no list can stand there.
    warn_of_former_name("higher_is_better", "maximize", stacklevel=5)
    if tuple(maximize):
        raise ValueError("`maximize` and its former name `higher_is_better` were both given. Give `maximize` alone.")
    return higher_is_better


def check_names(names: Collection[str], argument: str) -> tuple[str, ...]:
    """Refuse names that are no list, none at all, or not distinct.

    Args:
        names: What was given.
        argument: What to call it.

    Returns:
        The names, in their order.

    Raises:
        TypeError: If they are a string, or have no order.
        ValueError: If there is none, or one stands there twice.

    Example:
        >>> check_names(["miou", "abs_err"], "metrics")
        ('miou', 'abs_err')
    """
    if isinstance(names, str | AbstractSet) or not isinstance(names, Collection):
        raise TypeError(
            f"`{argument}` must be a list of names, but is {names!r}. Write for example ['miou', 'error']."
        )
    if not names or len(set(names)) < len(names):
        raise ValueError(f"`{argument}` must hold at least one name and each once, but is {list(names)}.")
    return tuple(names)


def check_directions(maximize: Collection[str], names: Collection[str], argument: str = "maximize") -> frozenset[str]:
    """Refuse directions of metrics that do not exist.

    Args:
        maximize: Names of the metrics that are better when higher.
        names: Names of all metrics.
        argument: What to call the former.

    Returns:
        The former.

    Raises:
        TypeError: If they are a string or no collection.
        ValueError: If one names no metric.

    Example:
        >>> sorted(check_directions(["miou"], ["miou", "abs_err"]))
        ['miou']
    """
    if isinstance(maximize, str) or not isinstance(maximize, Collection):
        raise TypeError(f"`{argument}` must be a list of names, but is {maximize!r}. Write for example ['miou'].")
    unknown = [name for name in maximize if name not in names]
    if unknown:
        raise ValueError(f"`{argument}` names {unknown}, but the metrics are {list(names)}. Correct the names.")
    return frozenset(maximize)
