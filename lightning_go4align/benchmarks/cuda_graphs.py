"""A network's forward and backward passes as CUDA graphs: one launch each instead of hundreds."""

from collections.abc import Callable
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import Tensor
from torch.utils._pytree import tree_leaves
from typing_extensions import override

from lightning_go4align.benchmarks.fast_paths import network_of
from lightning_go4align.update.misconfiguration import MisconfigurationException


class CUDAGraphCallback(Callback):
    """Capture the network's passes at the first batch, and replay them for every batch of its shapes.

    Batches of other shapes, the last of an epoch for instance, take the way they always take. For networks whose
    shapes never depend on values, and whose argument is the batch: ``DenseMPNN`` of QM9, where a step has 394
    operations of the network.

    Raises:
        MisconfigurationException: If the trainer does not run on a CUDA device, or not in full precision.

    Example:
        >>> trainer = Trainer(callbacks=[CUDAGraphCallback()], logger=False, accelerator="cpu", devices=1)
    """

    def __init__(self) -> None:
        self._waiting = False

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        network_of(pl_module)
        device = trainer.strategy.root_device.type
        if device != "cuda":
            raise MisconfigurationException(
                f"CUDAGraphCallback captures CUDA graphs, but the trainer runs on {device!r}. Remove it from "
                "`trainer.callbacks`, or set `trainer.accelerator: gpu`."
            )
        if trainer.precision != "32-true":
            raise MisconfigurationException(
                "CUDAGraphCallback cannot capture the casts that autocast keeps, and `trainer.precision` is "
                f"{trainer.precision!r}. Set it to 32-true, or remove the callback from `trainer.callbacks`."
            )
        self._waiting = stage == "fit"

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        if not self._waiting:
            return
        self._waiting = False
        network = network_of(pl_module)
        plain = network.forward
        torch.cuda.make_graphed_callables(network, (batch,))  # It takes the place of `network.forward`.
        network.forward = by_shape(batch, network.forward, plain)

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        vars(network_of(pl_module)).pop("forward", None)

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.teardown(trainer, pl_module, "fit")


def by_shape(
    sample: Any, replayed: Callable[[Any], Tensor], plain: Callable[[Any], Tensor]
) -> Callable[[Any], Tensor]:
    """Choose between two ways by the shapes of a batch.

    Args:
        sample: A batch of tensors, in whatever tuples.
        replayed: Called with batches of its shapes, where gradients are asked for.
        plain: Called with others.

    Returns:
        What calls either.

    Example:
        >>> called = by_shape((torch.zeros(2),), lambda batch: "replayed", lambda batch: "plain")
        >>> called((torch.ones(2),)), called((torch.ones(3),))
        ('replayed', 'plain')
    """
    shapes = _shapes(sample)

    def chosen(batch: Any) -> Tensor:
        return (replayed if torch.is_grad_enabled() and _shapes(batch) == shapes else plain)(batch)

    return chosen


def _shapes(batch: Any) -> list[tuple[int, ...]]:
    return [tuple(leaf.shape) for leaf in tree_leaves(batch)]
