"""Metrics of steps in their order."""

from typing import Any

import torch
from torchmetrics import Metric
from typing_extensions import override


class Successive(Metric):
    """A metric whose ``forward`` goes on from the updates before: what one update alone gives would say nothing.

    torchmetrics computes what ``forward`` returns from states that it has reset. ``update`` begins with ``before()``
    instead of the states.

    Args:
        kwargs: torchmetrics' own.

    Example:
        >>> from lightning_go4align.metrics import ConvergenceDifference
        >>> difference = ConvergenceDifference(["u0", "gap"])
        >>> [difference({"u0": 1.0, "gap": gap}).item() for gap in (3.0, 2.0, 1.0)]
        [0.0, 0.5, 1.0]
    """

    full_state_update = True
    _kept: dict[str, Any] | None = None  # during `forward`: the states before it

    def before(self) -> dict[str, Any]:
        """Return the states before this update, which must replace those that it reads, not change them in place."""
        return self.metric_state if self._kept is None else self._kept

    @torch.jit.unused
    @override
    def forward(self, *args: Any, **kwargs: Any) -> Any:
        self._kept = self.metric_state
        try:
            return super().forward(*args, **kwargs)
        finally:
            self._kept = None
