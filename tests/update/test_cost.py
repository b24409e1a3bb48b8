"""What a step costs with the plugin, in operations: a number that no other process on the machine disturbs."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torchjd.scalarization import Sum
from toy import Reference, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

ALLOWED = 11  # Stacking, weighing, and the backward pass to the losses that gives the weights.


class Operations(TorchDispatchMode):
    number = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        # Before torch 2.10 it is dispatched twice.
        self.number += function is not torch.ops.aten.detach.default
        return function(*args, **(kwargs or {}))


class Counter(pl.Callback):
    """Counts the operations of the third batch, callbacks included."""

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 2:
            self.operations = Operations()  # type: ignore[no-untyped-call]  # torch's mode has no types.
            self.operations.__enter__()  # type: ignore[no-untyped-call]  # torch's mode has no types.

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 2:
            self.operations.__exit__(None, None, None)  # type: ignore[no-untyped-call]  # torch's mode has no types.


def operations(module: Toy, *callbacks: pl.Callback) -> int:
    counter = Counter()
    quiet_trainer(callbacks=[*callbacks, counter], max_epochs=1).fit(module, loader())
    return counter.operations.number


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("method", [Sum, lambda: GO4Align(2)], ids=["Sum", "GO4Align"])
def test_a_step_takes_few_operations_more_than_one_written_by_hand(method: Any, optimization: Optimization) -> None:
    by_hand = operations(Reference(method()))
    assert operations(Toy(), MultiTaskCallback(method(), optimization)) - by_hand <= ALLOWED
