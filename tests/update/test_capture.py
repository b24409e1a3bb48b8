"""The plugin's part of a training step is one that a CUDA graph can hold, as far as that shows without a device."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from capturing import Tape, addresses, as_on_a_device
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align


def sgd(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), 1e-3)  # Adam reads its step counts on a CPU.


class Watch(pl.Callback):
    """Tapes each batch, the training step's hooks and callbacks included, and judges one between two looks.

    After the second, and at the end, a fit on a CPU looks at what has been gathered, as on a logging step.
    """

    def __init__(self, method: torch.nn.Module) -> None:
        self.method = method
        self.refused: list[str] | None = None
        self.addresses: list[dict[str, int]] = []

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        self.tape = Tape()
        self.tape.__enter__()  # type: ignore[no-untyped-call]  # torch's

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.tape.__exit__(None, None, None)  # type: ignore[no-untyped-call]  # torch's
        if batch_idx == 2:
            self.refused = self.tape.refused
        self.addresses.append(addresses(self.method))


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", [lambda: GO4Align(2, 1e-2), RobustGO4Align], ids=["GO4Align", "robust"])
def test_a_step_through_the_plugin_holds_nothing_that_a_capture_refuses(make: Any, optimization: Any) -> None:
    method = make()
    watch = Watch(method)
    with as_on_a_device():
        callbacks = [MultiTaskCallback(method, optimization), watch]
        quiet_trainer(callbacks=callbacks, max_epochs=1, gradient_clip_val=0.5).fit(Toy(sgd), loader())
    assert watch.refused == []
    assert len(watch.addresses) > 2
    assert all(state == watch.addresses[0] for state in watch.addresses)
