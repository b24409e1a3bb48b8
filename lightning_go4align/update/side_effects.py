"""Running a training step once more, without side effects."""

from collections.abc import Iterator
from contextlib import contextmanager

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.seed import isolate_rng
from torch import Tensor

from lightning_go4align.update.attributes import attributes_kept
from lightning_go4align.update.patches import AttributePatches


@contextmanager
def side_effect_free(module: pl.LightningModule) -> Iterator[None]:
    """Let a training step run without gradients and leave nothing behind.

    Buffers (BatchNorm's statistics), metrics, plain attributes of the module and its parts, and the random states of
    torch, NumPy, Python are restored, and what is logged by ``self.log`` is dropped. What the step does elsewhere
    (files, loggers that it calls itself, objects of other classes) is done twice; ``torch.is_grad_enabled()`` tells
    it which time it is.

    Args:
        module: The module whose step is run.

    Yields:
        Nothing.
    """
    device = module.device
    buffers: list[tuple[Tensor, Tensor]] = [(buffer, buffer.clone()) for buffer in module.buffers()]
    cuda = [device] if device.type == "cuda" else []
    with (
        torch.no_grad(),
        isolate_rng(include_cuda=False),
        torch.random.fork_rng(cuda),
        attributes_kept(module),
        AttributePatches() as patches,
    ):
        patches.set(module, "log", lambda *_, **__: None)
        patches.set(module, "log_dict", lambda *_, **__: None)
        try:
            yield
        finally:
            for buffer, before in buffers:
                buffer.copy_(before)
