"""A fit that a hook starts within another one: a callback drives one of them, and the outer one stays as it was."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from both_modes import MODES
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, RobustGO4Align
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.misconfiguration import MisconfigurationException

Inner = Callable[[MultiTaskCallback], None]


class AfterTheFirstEpoch(pl.Callback):
    """Does something else between two epochs of a fit, and leaves the random stream as it was."""

    def __init__(self, inner: Callable[[], None]) -> None:
        self.inner = inner

    @override
    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 0:
            with torch.random.fork_rng([]):
                self.inner()


def fit_refused(callback: MultiTaskCallback) -> None:
    with pytest.raises(MisconfigurationException, match="which still runs"):
        quiet_trainer(callbacks=callback).fit(Toy(), loader())


def fit_with_another(callback: MultiTaskCallback) -> None:
    quiet_trainer(callbacks=MultiTaskCallback(RobustGO4Align())).fit(Toy(), loader())


def validate(callback: MultiTaskCallback) -> None:
    quiet_trainer(callbacks=callback).validate(Toy(), loader(), verbose=False)


def trained(optimization: Optimization, inner: Inner | None) -> list[Any]:
    torch.manual_seed(0)
    module, callback = Toy(), MultiTaskCallback(RobustGO4Align(), optimization)
    between = [] if inner is None else [AfterTheFirstEpoch(lambda: inner(callback))]
    quiet_trainer(max_epochs=2, callbacks=[callback, *between]).fit(module, loader())
    return [*module.parameters(), *callback.task_weights.values()]


@MODES
@pytest.mark.parametrize("inner", [fit_refused, fit_with_another, validate])
def test_the_outer_fit_is_as_it_is_alone(optimization: Optimization, inner: Inner) -> None:
    alone, around = trained(optimization, None), trained(optimization, inner)
    assert len(alone) == len(around)
    assert all(torch.equal(torch.as_tensor(a), torch.as_tensor(b)) for a, b in zip(alone, around, strict=True))


class Forgetful(MultiTaskCallback):
    """As if the process had been interrupted before Lightning could tell its callbacks that a fit is over."""

    @override
    def teardown(self, trainer: pl.Trainer, pl_module: pl.LightningModule, stage: str) -> None:
        pass


def test_a_fit_may_follow_one_that_was_never_torn_down() -> None:
    callback = Forgetful(RobustGO4Align())
    for trainer in (quiet_trainer(callbacks=callback), quiet_trainer(callbacks=callback)):
        trainer.fit(Toy(), loader())
    assert callback.num_steps == trainer.global_step > 0
