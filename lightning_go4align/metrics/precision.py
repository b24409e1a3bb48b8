"""Metrics that stay precise in a network that is not."""

from collections.abc import Callable, Sequence
from functools import partial

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from typing_extensions import override

from lightning_go4align.functional.precision import widest


class PreciseMetric(Metric):
    """A metric whose states and buffers keep their dtype when the module that holds them changes its own.

    Lightning's ``bf16-true`` casts the metrics with the network, and a sum over many updates stops growing in so few
    digits. On MPS, which has no float64, they become float32. ``set_dtype`` changes the dtype of all.

    Example:
        >>> from lightning_go4align.metrics import DeltaM
        >>> DeltaM({"miou": 38.3}).to(torch.bfloat16).total.dtype
        torch.float64
    """

    @override
    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        return super()._apply(fn if self._dtype_convert else partial(_in_own_dtype, fn), exclude_state)


def _in_own_dtype(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    if tensor.is_meta or not tensor.is_floating_point():
        return fn(tensor)
    device = fn(torch.empty(0, dtype=torch.float32, device=tensor.device)).device
    return tensor.to(device, widest(device) if tensor.dtype == torch.float64 else tensor.dtype)
