"""Running a training step once more, without a trace."""

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.seed import isolate_rng
from torch import Tensor
from torchmetrics import Metric

from lightning_go4align.update.shadows import Shadows


@contextmanager
def without_trace(module: pl.LightningModule) -> Iterator[None]:
    """Let a training step run without gradients and leave nothing behind.

    Buffers (BatchNorm's statistics), metrics and the random states of torch, NumPy, Python are restored, and what is
    logged is dropped.

    Args:
        module: The module whose step is run.

    Yields:
        Nothing.
    """
    device = module.device
    buffers: list[tuple[Tensor, Tensor]] = [(buffer, buffer.clone()) for buffer in module.buffers()]
    metrics = [(metric, _copy(metric)) for metric in module.modules() if isinstance(metric, Metric)]
    cuda = [device] if device.type == "cuda" else []
    with torch.no_grad(), isolate_rng(include_cuda=False), torch.random.fork_rng(cuda), Shadows() as shadows:
        shadows.cast(module, "log", lambda *_, **__: None)
        shadows.cast(module, "log_dict", lambda *_, **__: None)
        try:
            yield
        finally:
            for buffer, before in buffers:
                buffer.copy_(before)
            for metric, attributes in metrics:
                vars(metric).update(attributes)


def _copy(metric: Metric) -> dict[str, object]:
    return {**vars(metric), **{name: deepcopy(state) for name, state in metric.metric_state.items()}}
