"""Named numbers, in whatever form they come."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from lightning_go4align.functional.precision import widest

_CPU = torch.device("cpu")


def stack_named(values: Mapping[str, Tensor | float], names: Sequence[str], device: torch.device = _CPU) -> Tensor:
    """Line up named scalars.

    Args:
        values: A number, or a tensor of one element, for each name; any order.
        names: The names that must be there, and no others.
        device: Where to put them; the CPU if not given.

    Returns:
        The scalars in the order of ``names``, shape ``[S]``, in the widest dtype of the device.

    Raises:
        TypeError: If the values have no names, or one is no number.
        ValueError: If a name is missing or unknown, or a value has several elements.

    Example:
        >>> stack_named({"b": 2.0, "a": torch.tensor([1.0])}, ["a", "b"])
        tensor([1., 2.], dtype=torch.float64)
    """
    if not isinstance(values, Mapping):
        raise TypeError(
            f"`values` must map each metric to its value, but is a {type(values).__name__}. Write for example "
            f"{{{names[0]!r}: 1.0}}."
        )
    missing = [name for name in names if name not in values]
    known = frozenset(names)
    unknown = [name for name in values if name not in known]
    if missing or unknown:
        raise ValueError(
            f"Values of exactly the metrics {list(names)} are needed, but {missing} are missing and "
            f"{unknown} are unknown. Give each name once."
        )
    return torch.stack([as_scalar(values[name], name, device) for name in names])


def as_scalar(value: object, name: str, device: torch.device = _CPU) -> Tensor:
    """Read one number.

    Args:
        value: A number, or a tensor, an array or a list of one element, not complex.
        name: What to call it.
        device: Where to put it; the CPU if not given.

    Returns:
        The number, shape ``[]``, in the widest dtype of the device, without a graph.

    Raises:
        TypeError: If it is no number.
        ValueError: If it has several elements, or none.

    Example:
        >>> as_scalar(torch.ones(1, dtype=torch.float16), "miou")
        tensor(1., dtype=torch.float64)
    """
    tensor = value if isinstance(value, Tensor) else _from_host(value)
    if tensor is None or tensor.is_complex():
        raise TypeError(
            f"The value of {name!r} must be a real number, but is {value!r}. Give what `compute` returned."
        )
    if tensor.numel() != 1:
        raise ValueError(
            f"The value of {name!r} must be one number, but has the shape {list(tensor.shape)}. Average it first, or "
            "name each of its elements."
        )
    # What is on MPS becomes float64 elsewhere only.
    there = tensor.to(device) if tensor.is_mps else tensor
    return there.detach().to(device, widest(device)).reshape(())


def _from_host(value: object) -> Tensor | None:
    array = np.asarray(value)
    is_real = array.dtype.kind in "buif"  # bool, unsigned, signed, floating
    return torch.from_numpy(array.astype(np.float64)) if is_real else None


def curve_of(results: Tensor | Sequence[Tensor]) -> list[float]:
    """Line up results of ``compute``, one after another or stacked as ``MetricTracker.compute_all`` does.

    Args:
        results: One scalar or several, or a tensor of them.

    Returns:
        The numbers.

    Example:
        >>> curve_of(torch.tensor([1.0, 2.0])), curve_of([torch.tensor(1.0)])
        ([1.0, 2.0], [1.0])
    """
    rows = [results] if isinstance(results, Tensor) else results
    return [number for row in rows for number in row.flatten().tolist()]
