"""What a run keeps from one step to the next, what it saves of that, and what it lets go of."""

import gc
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor
from torchjd.scalarization import DWA, FAMO, UW, Random
from toy import Batch, Toy, fitted, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


class Steps(pl.Callback):
    """Keeps the losses and the weights of every step, by epoch."""

    def __init__(self) -> None:
        self.losses: list[list[Tensor]] = []
        self.weights: list[list[Tensor]] = []

    @override
    def on_train_epoch_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        self.losses.append([])
        self.weights.append([])

    @override
    def on_train_batch_end(self, trainer: pl.Trainer, *_: Any) -> None:
        [callback] = [found for found in trainer.callbacks if isinstance(found, MultiTaskCallback)]  # type: ignore[attr-defined]  # Lightning's property has no type.
        last = callback.last_step
        assert last is not None
        assert last.weights is not None
        self.losses[-1].append(last.losses)
        self.weights[-1].append(last.weights)


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_dwa_weighs_an_epoch_by_the_mean_losses_of_the_two_before(optimization: Optimization) -> None:
    steps = Steps()
    fitted(DWA(temperature=0.5), optimization=optimization, callbacks=[steps], max_epochs=4)
    means = [torch.stack(losses).mean(0) for losses in steps.losses]
    expected = [torch.ones(3), torch.ones(3)]
    expected += [3 * ((means[t - 1] / means[t - 2]) / 0.5).softmax(0) for t in (2, 3)]
    for weights, now in zip(steps.weights, expected, strict=True):
        torch.testing.assert_close(torch.stack(weights), now.expand(5, 3))
    assert not torch.allclose(expected[3], torch.ones(3), atol=1e-3)


def test_a_method_that_draws_draws_anew_in_every_step() -> None:
    steps = Steps()
    fitted(Random(), callbacks=[steps])
    drawn = torch.stack([weights for epoch in steps.weights for weights in epoch])
    assert len({tuple(row) for row in drawn.tolist()}) == len(drawn) == 10


class Gap(Toy):
    """Task "b" has no loss in the steps of these numbers.

    Args:
        steps: The numbers.
    """

    def __init__(self, *steps: int) -> None:
        super().__init__()
        self.steps = steps

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        losses: dict[str, Tensor | None] = {**self.losses(batch)}
        return losses | ({"b": None} if self.trainer.global_step in self.steps else {})


@pytest.mark.parametrize("make", [lambda: UW(3), lambda: FAMO(3), DWA], ids=["UW", "FAMO", "DWA"])
def test_a_task_absent_after_a_resume_counts_with_its_loss_of_before(make: Callable[[], Any], tmp_path: Path) -> None:
    def run(until: int, resume: str | None = None) -> tuple[pl.Trainer, MultiTaskCallback]:
        torch.manual_seed(0)
        trainer = quiet_trainer(callbacks=(callback := MultiTaskCallback(make())), max_epochs=until)
        trainer.fit(Gap(5, 6), loader(), ckpt_path=resume)
        return trainer, callback

    run(1)[0].save_checkpoint(path := tmp_path / "first.ckpt")
    whole, resumed = run(2)[1], run(2, str(path))[1]
    assert repr(resumed.state_dict()) == repr(whole.state_dict())


@pytest.mark.parametrize("make", [lambda: FAMO(3), lambda: UW(3)], ids=["seen twice", "seen once"])
def test_a_batch_is_let_go_of_when_its_step_is_over(make: Callable[[], Any]) -> None:
    held: list[weakref.ref[Tensor]] = []
    alive: list[int] = []

    class Watching(Toy):
        @override
        def training_step(self, batch: Batch, batch_idx: int) -> Any:
            held.append(weakref.ref(batch[0]))
            return super().training_step(batch, batch_idx)

    class Counting(pl.Callback):
        @override
        def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
            gc.collect()
            alive.append(sum(reference() is not None for reference in held))

    fitted(make(), Watching(), callbacks=[Counting()], max_epochs=1)
    assert alive == [0]
