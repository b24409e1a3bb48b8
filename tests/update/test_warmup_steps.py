"""A warm-up counts the optimizer's steps, as a hand-written one by `global_step` does."""

from contextlib import nullcontext
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import LinearWarmup, WithFactors

EPOCHS = 3  # Of five batches.


class ByHand(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = super().training_step(batch, batch_idx)
        if losses is None:
            return None
        return losses["a"] + losses["b"] * LinearWarmup(7)(self.trainer.global_step) + losses["c"]


def trained(module: Toy, optimization: Any, folder: Path, accumulate: int, resumes: int | None) -> Toy:
    """Fit, from the beginning or from the checkpoint of a batch."""
    torch.manual_seed(0)
    module.load_state_dict(Toy().state_dict())
    balance = MultiTaskCallback(WithFactors(Sum(), {"b": LinearWarmup(7)}), optimization)
    callbacks: list[Any] = [] if isinstance(module, ByHand) else [balance]
    callbacks += [Saver(folder)] if resumes is None else []
    path = None if resumes is None else folder / f"{type(module).__name__}-{resumes}.ckpt"
    trainer = quiet_trainer(callbacks=callbacks, accumulate_grad_batches=accumulate, max_epochs=EPOCHS)
    trainer.fit(module, loader(), ckpt_path=path, weights_only=False)
    return module


class Saver(pl.Callback):
    """Saves after every batch of the first epoch, also between two of one step."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if trainer.current_epoch == 0:
            trainer.save_checkpoint(self.folder / f"{type(pl_module).__name__}-{batch_idx}.ckpt")


@pytest.mark.filterwarnings(
    "ignore:`training_step` returned `None`", "ignore:You.re resuming from a checkpoint that ended"
)
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("skipped", [0, 3])
@pytest.mark.parametrize("accumulate", [1, 2, 3])
def test_a_warm_up_is_that_of_global_step(accumulate: int, skipped: int, optimization: Any, tmp_path: Path) -> None:
    for resumes in (None, accumulate):  # Of 2 and 3 batches the one of this number is the first of a step.
        by_hand = trained(ByHand(skipped=skipped), optimization, tmp_path, accumulate, resumes)
        ours = trained(Toy(skipped=skipped), optimization, tmp_path, accumulate, resumes)
        found = [torch.equal(one, other) for one, other in zip(ours.parameters(), by_hand.parameters(), strict=True)]
        assert all(found), resumes


class Stops(pl.Callback):
    """Stops a fit in its second batch, or lets it fail there."""

    def __init__(self, error: type[Exception] | None) -> None:
        self.error = error

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == 1 and self.error is not None:
            raise self.error
        trainer.should_stop = batch_idx == 1


@pytest.mark.parametrize("error", [None, ZeroDivisionError])
def test_a_warm_up_goes_on_call_by_call_after_a_fit(error: type[Exception] | None) -> None:
    method = WithFactors(Sum(), {"b": LinearWarmup(9)})
    callbacks = [MultiTaskCallback(method), Stops(error)]
    trainer = quiet_trainer(callbacks=callbacks, max_epochs=1)
    with nullcontext() if error is None else pytest.raises(error):
        trainer.fit(Toy(), loader())
    steps = method.steps
    losses = torch.ones(3, requires_grad=True)
    for _ in range(3):
        (gradient,) = torch.autograd.grad(method(losses), losses)
    assert method.steps == steps + 3
    assert gradient[1] == (steps + 2) / 9


def test_a_second_fit_counts_its_steps_once() -> None:
    method, module = WithFactors(Sum(), {"b": LinearWarmup(9)}), Toy()
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(method)], max_epochs=1)
    trainer.fit(module, loader())
    trainer.fit_loop.max_epochs = 2
    trainer.fit(module, loader())
    assert method.steps == trainer.global_step == 10
