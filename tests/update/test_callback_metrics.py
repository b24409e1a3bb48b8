"""Losses, weights and the objective are there for callbacks and schedulers, at no cost within the step."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import EarlyStopping, LambdaCallback, ModelCheckpoint
from torchjd.scalarization import Sum
from toy import TASKS, BalancedToy, Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align

KEYS = {"objective", *(f"{kind}/{task}" for kind in ("loss", "weight") for task in TASKS)}


class Constant(Toy):
    """Its losses are the batch's number, so that means are known by hand."""

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return {task: loss - loss.detach() + batch_idx + 1 for task, loss in losses.items()}


@pytest.mark.parametrize("validates", [False, True], ids=["without validation", "with validation"])
@pytest.mark.parametrize("key", ["loss/b", "weight/a", "objective"])
def test_early_stopping_and_checkpoints_may_monitor_them(key: str, validates: bool, tmp_path: Path) -> None:
    stop, best = EarlyStopping(key, patience=5), ModelCheckpoint(tmp_path, monitor=key, save_top_k=1)
    # In front of the callback, too, whose metrics they wait for.
    trainer = quiet_trainer(callbacks=[stop, MultiTaskCallback(GO4Align(2)), best], enable_checkpointing=True)
    trainer.fit(Toy(), loader(), loader(16) if validates else None)
    assert best.best_model_score is not None
    assert best.best_model_score == min(stop.best_score, trainer.callback_metrics[key])


def test_a_scheduler_may_monitor_a_loss() -> None:
    def optimizers(module: Toy) -> Any:
        optimizer = torch.optim.SGD(module.parameters(), 1e-3)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "loss/c"}}

    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=2)
    trainer.fit(Toy(optimizers), loader())
    assert trainer.callback_metrics.keys() == KEYS


def test_the_epochs_end_has_the_means_of_the_epoch() -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=2)
    trainer.fit(Constant(), loader())  # Five batches an epoch, of losses 1 to 5.
    assert {key: float(value) for key, value in trainer.callback_metrics.items()} == {
        "objective": 9.0,
        **{f"loss/{task}": 3.0 for task in TASKS},
        **{f"weight/{task}": 1.0 for task in TASKS},
    }


def test_a_task_that_was_absent_at_times_has_the_mean_of_the_steps_that_had_it() -> None:
    class Partial(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = super().training_step(batch, batch_idx)
            return losses if batch_idx in (0, 3) else losses | {"b": None}

    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=1)
    trainer.fit(Partial(), loader())
    assert float(trainer.callback_metrics["loss/b"]) == 2.5


@pytest.mark.parametrize("method", [Sum, RobustGO4Align])
def test_a_loss_of_zero_counts_and_a_task_absent_for_an_epoch_has_its_last_mean(method: Any) -> None:
    class Margin(Constant):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = super().training_step(batch, batch_idx)
            satisfied = losses["a"] * (0.0 if self.current_epoch or batch_idx < 3 else 1.0)
            return losses | {"a": satisfied, "b": None if self.current_epoch else losses["b"]}

    found = []
    noted = LambdaCallback(
        on_train_epoch_end=lambda trainer, _: found.append(
            [float(trainer.callback_metrics[f"loss/{t}"]) for t in "ab"]
        )
    )
    stops = [EarlyStopping(f"loss/{task}", patience=9) for task in "ab"]
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(method()), noted, *stops], max_epochs=3)
    trainer.fit(Margin(), loader())
    assert found == [[1.8, 3.0], [0.0, 3.0], [0.0, 3.0]]  # 0, 0, 0, 4 and 5; and 1 to 5
    assert trainer.current_epoch == 3


@pytest.mark.parametrize("options", [{}, {"logger": False, "prog_bar": True}], ids=["for loggers", "for the bar"])
def test_what_the_module_logs_under_the_same_name_stays(options: dict[str, Any]) -> None:
    class Logging(Toy):
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = self.losses(batch)
            self.log("loss/a", 7.0, **options)
            return losses

    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=1)
    with pytest.warns(UserWarning, match=r"logs \['loss/a'\] itself"):
        trainer.fit(Logging(), loader())
    assert float(trainer.callback_metrics["loss/a"]) == 7.0
    assert "go4align/loss/a" in trainer.callback_metrics


def test_the_progress_bar_shows_the_objective_and_what_is_asked_for() -> None:
    options = {"log_every_n_steps": 1, "enable_progress_bar": True}
    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=1, **options)
    trainer.fit(Constant(), loader())
    assert trainer.progress_bar_metrics == {"objective": 15.0}
    asked = MultiTaskCallback(Sum(), prog_bar=["loss/a", "weight/b"])
    trainer = quiet_trainer(callbacks=asked, max_epochs=1, **options)
    trainer.fit(Constant(), loader())
    assert trainer.progress_bar_metrics == {"loss/a": 5.0, "weight/b": 1.0}


def test_the_progress_bar_has_it_at_the_end_of_an_epoch_shorter_than_the_interval() -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()), max_epochs=1, enable_progress_bar=True)
    trainer.fit(Constant(), loader())
    assert trainer.progress_bar_metrics == {"objective": 15.0}


def test_a_module_that_brings_its_method_has_them_too() -> None:
    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(BalancedToy(Sum()), loader())
    assert trainer.callback_metrics.keys() == KEYS


@pytest.mark.parametrize("name", ["losses/a", "loss", "objective/a", "a", ""])
def test_a_name_that_no_logger_gets_is_refused_for_the_progress_bar(name: str) -> None:
    with pytest.raises(ValueError, match="`prog_bar` must hold names as loggers get them"):
        MultiTaskCallback(Sum(), prog_bar=["objective", name])


def test_a_name_of_no_task_is_told_once_for_the_progress_bar() -> None:
    right = ["objective", "loss/a", "go4align/weight/b", "group_weight/0", "group/c"]
    callback = MultiTaskCallback(Sum(), prog_bar=[*right, "loss/A", "group/d"])
    with pytest.warns(UserWarning, match=r"\['loss/A', 'group/d'\], but the tasks are \['a', 'b', 'c'\]") as told:
        quiet_trainer(callbacks=callback, log_every_n_steps=1, enable_progress_bar=True).fit(Toy(), loader())
    assert len([warning for warning in told if "`prog_bar` names" in str(warning.message)]) == 1


@pytest.mark.parametrize("is_first", [True, False], ids=["listed before", "listed after"])
def test_a_callback_has_the_means_at_the_epochs_end_wherever_it_is_listed(is_first: bool) -> None:
    found: list[float] = []
    reporter = LambdaCallback(
        on_train_epoch_end=lambda trainer, _: found.append(float(trainer.callback_metrics["loss/a"]))
    )
    balance = MultiTaskCallback(Sum())
    callbacks = [reporter, balance] if is_first else [balance, reporter]
    quiet_trainer(callbacks=callbacks, max_epochs=2).fit(Constant(), loader())
    assert found == [3.0, 3.0]
