"""Telling the states of one metric from those of another."""

from collections.abc import Mapping

import torch
from torch import Tensor
from torchmetrics import Metric


def states_to_merge(metric: Metric, incoming: object) -> dict[str, Tensor]:
    """Read what ``merge_state`` is given.

    Args:
        metric: The metric that it is merged into.
        incoming: A metric of the same class, or a mapping of its states.

    Returns:
        The states, with the dtype and on the device of the metric's own.

    Raises:
        ValueError: If it is neither, lacks a state, or its states mean something else.

    Example:
        >>> from lightning_go4align.metrics import DeltaM
        >>> score = DeltaM({"miou": 38.3})
        >>> states_to_merge(score, {"total": torch.tensor([40.0]), "count": torch.tensor(1)})["total"]
        tensor([40.], dtype=torch.float64)
    """
    states = _states(metric, incoming)
    # A dictionary written by hand need not say what the metric was made with.
    missing = [name for name in metric.metric_state if name not in states and name != "arguments"]
    if missing:
        raise ValueError(
            f"The states of a {type(metric).__name__} are {list(metric.metric_state)}, but {missing} are missing. "
            "Give `metric_state` of another."
        )
    return states_alike(metric, {name: states[name] for name in metric.metric_state if name in states})


def _states(metric: Metric, incoming: object) -> Mapping[str, object]:
    if isinstance(incoming, type(metric)):
        if vars(incoming).get("made_with") != vars(metric).get("made_with"):
            raise _foreign("incoming_state", metric)
        return incoming.metric_state
    if isinstance(incoming, Mapping):
        return incoming
    raise ValueError(
        f"A {type(metric).__name__} is merged with another or with a dictionary of its states, but was given a "
        f"{type(incoming).__name__}. Give one of them."
    )


def states_alike(metric: Metric, states: Mapping[str, object]) -> dict[str, Tensor]:
    """Bring states to the dtype and the device of a metric's own, and refuse those that are of another kind.

    torchmetrics compares neither shapes nor arguments: values of two metrics would be added up under one name.

    Args:
        metric: The metric whose states they are said to be.
        states: Some of its states by their names.

    Returns:
        Copies of the states.

    Raises:
        ValueError: If they were made with other arguments than the metric.

    Example:
        >>> from lightning_go4align.metrics import CoAssignment
        >>> list(states_alike(CoAssignment(2), {"together": torch.eye(2)}))
        ['together']
    """
    alike = {}
    for name, state in states.items():
        own = getattr(metric, name)
        if not isinstance(state, Tensor) or state.shape != own.shape or _differ(name, state, own):
            raise _foreign(name, metric)
        alike[name] = state.detach().to(own, copy=True)
    return alike


def _differ(name: str, state: Tensor, own: Tensor) -> bool:
    return name == "arguments" and not torch.equal(state.cpu(), own.cpu())


def _foreign(name: str, metric: Metric) -> ValueError:
    return ValueError(
        f"`{name}` does not fit this {type(metric).__name__}: it comes from one with other arguments. Make both with "
        "the same."
    )


def as_state(made_with: tuple[object, ...]) -> Tensor:
    """Write the arguments of a metric as a state.

    Two metrics of a ``MetricCollection`` whose states are equal after one update share them from then on. Where an
    update depends on the arguments, they have to be a state as well, so that equal states mean the same.

    Args:
        made_with: What the metric was made with; its ``repr`` is the same in every process.

    Returns:
        The bytes of its ``repr``, int64.

    Example:
        >>> as_state(("a",)).tolist()
        [40, 39, 97, 39, 44, 41]
    """
    return torch.tensor(list(repr(made_with).encode()), dtype=torch.int64)
