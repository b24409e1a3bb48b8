"""Whoever fails, and wherever: the user's error is the one that is raised, and the module is as it was."""

import shutil
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
from torchjd.aggregation import UPGrad
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback

HOOKS = (
    "setup",
    "on_fit_start",
    "on_train_start",
    "on_train_batch_start",
    "on_train_batch_end",
    "on_train_epoch_end",
)


class Failing(pl.Callback):
    """Fails in one hook."""

    def __init__(self, hook: str) -> None:
        setattr(self, hook, self.fail)

    def fail(self, *_: Any, **__: Any) -> None:
        raise RuntimeError("the first error")


class Masking(pl.Callback):
    """Fails as it hears of another failure."""

    @override
    def on_exception(self, *_: Any) -> None:
        raise OSError("the folder cannot be written")


def own(module: pl.LightningModule) -> set[str]:
    names = {"training_step", "backward", "configure_optimizers"}
    return names & vars(module).keys()


@pytest.mark.parametrize("make", [lambda: GO4Align(2), UPGrad], ids=["GO4Align", "UPGrad"])
@pytest.mark.parametrize("hook", HOOKS)
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_the_module_is_restored_whichever_callback_fails_where(hook: str, first: bool, make: Any) -> None:
    module, ours, theirs = Toy(), MultiTaskCallback(make()), Failing(hook)
    with pytest.raises(RuntimeError, match="the first error"):
        quiet_trainer(callbacks=[theirs, ours] if first else [ours, theirs]).fit(module, loader())
    assert own(module) == set()
    assert module.automatic_optimization
    quiet_trainer(callbacks=[ours], max_epochs=1).fit(module, loader())
    assert own(module) == set()


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_another_callback_that_fails_at_the_failure_leaves_the_module_as_it_was(first: bool) -> None:
    module, ours = Toy(), MultiTaskCallback(GO4Align(2))
    callbacks = [Masking(), ours] if first else [ours, Masking()]
    with pytest.raises(OSError, match="cannot be written") as caught:
        quiet_trainer(callbacks=[*callbacks, Failing("on_train_batch_end")]).fit(module, loader())
    assert "the first error" in str(caught.value.__context__)
    assert own(module) == set()


@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
def test_a_monitor_that_cannot_write_does_not_hide_the_users_error(first: bool, tmp_path: Path) -> None:
    folder = tmp_path / "runs"

    class Broken(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            if batch_idx == 2:
                shutil.rmtree(folder)
                folder.write_text("in the way")
                raise KeyError("the user's own")
            return self.losses(batch)

    module, ours = Broken(), MultiTaskCallback(GO4Align(2))
    monitor = GroupDynamicsMonitor()
    callbacks = [monitor, ours] if first else [ours, monitor]
    trainer = quiet_trainer(callbacks=callbacks, default_root_dir=folder, log_every_n_steps=1)
    with pytest.warns(UserWarning, match="could not be written"), pytest.raises(KeyError, match="the user's own"):
        trainer.fit(module, loader())
    assert own(module) == set()
