"""Metrics beside the directions in which they are better."""

import torch
from torch import Tensor

from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.functional.precision import widest


def check_metrics(higher_is_better: object, **given: object) -> None:
    """Refuse metrics that are no tensors, and directions that are not of bool."""
    check_tensors(**given, higher_is_better=higher_is_better)
    if isinstance(higher_is_better, Tensor) and higher_is_better.dtype != torch.bool:
        raise TypeError(
            f"`higher_is_better` must be a tensor of bool, but is of {higher_is_better.dtype}. Give `.bool()` of it."
        )


def lower_is_better(values: Tensor, higher_is_better: Tensor) -> Tensor:
    """Turn metrics round that are better when higher."""
    return torch.where(higher_is_better, -values, values)


def widened(values: Tensor) -> Tensor:
    """Bring metrics to a dtype that holds their sums."""
    if values.is_floating_point():
        return values.to(torch.promote_types(values.dtype, torch.float32))  # Half precision ends at 65,504.
    return values.to(widest(values.device))
