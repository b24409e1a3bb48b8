"""Metrics that stay precise in a network that is not, and mix with their like only."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn
from torchmetrics import Metric
from typing_extensions import override

from lightning_go4align.functional.precision import widest
from lightning_go4align.metrics.states import states_alike, states_to_merge


class PreciseMetric(Metric):
    """A metric whose states and buffers keep their dtype when the module that holds them changes its own.

    Lightning's ``bf16-true`` casts the metrics with the network, and a sum over many updates stops growing in so few
    digits. On MPS, which has no float64, they become float32. ``set_dtype`` changes the dtype of the states that hold
    floats; counts, masks and what the metric was made with stay. ``merge_state`` and ``load_state_dict`` refuse the
    states of a metric that was made with other arguments.

    Args:
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> from lightning_go4align.metrics import DeltaM
        >>> DeltaM({"miou": 38.3}).to(torch.bfloat16).total.dtype
        torch.float64
        >>> score = DeltaM({"miou": 38.3}).set_dtype(torch.float32)
        >>> score.total.dtype, score.count.dtype, score.baseline.dtype
        (torch.float32, torch.int64, torch.float64)
    """

    made_with: tuple[object, ...] = ()

    @override
    def merge_state(self, incoming_state: dict[str, Any] | Metric) -> None:
        """Go on as if this metric had been updated with what the other saw, after its own.

        Args:
            incoming_state: A metric that was made with the same arguments, or a dictionary of its states.

        Raises:
            ValueError: If it is anything else.
        """
        self._merge(states_to_merge(self, incoming_state))
        self._computed = None  # torchmetrics would go on to return what was computed before.
        self._update_count += 1

    def _merge(self, states: dict[str, Any]) -> None:
        super().merge_state({**self.metric_state, **states})

    @override
    def _load_from_state_dict(
        self,
        state_dict: dict[str, Any],
        prefix: str,
        local_metadata: dict[str, Any],
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        given = {name: state_dict[prefix + name] for name in self._defaults if prefix + name in state_dict}
        try:
            # Copies: torchmetrics would keep the tensors themselves, and updates would write into the checkpoint.
            state_dict.update({prefix + name: state for name, state in states_alike(self, given).items()})
        except ValueError as error:
            error_msgs.append(str(error))
            return
        super()._load_from_state_dict(
            state_dict, prefix, local_metadata, strict, missing_keys, unexpected_keys, error_msgs
        )

    @override
    def _apply(self, fn: Callable[[Tensor], Tensor], exclude_state: Sequence[str] = "") -> nn.Module:
        kept = tuple(self.buffers(recurse=False))
        rule = partial(_floats_but, kept, fn) if self._dtype_convert else partial(_in_own_dtype, fn)
        return super()._apply(rule, exclude_state)


def _floats_but(kept: Sequence[Tensor], fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    is_kept = any(tensor is other for other in kept)
    return tensor if is_kept or not tensor.is_floating_point() else fn(tensor)


def _in_own_dtype(fn: Callable[[Tensor], Tensor], tensor: Tensor) -> Tensor:
    if tensor.is_meta or not tensor.is_floating_point():
        return fn(tensor)
    device = fn(torch.empty(0, dtype=torch.float32, device=tensor.device)).device
    return tensor.to(device, widest(device) if tensor.dtype == torch.float64 else tensor.dtype)
