import pickle
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from lightning_go4align.monitors import DeltaMMonitor


class Falling(LightningModule):
    """Logs an error of 1 / (epochs + 1) in the step and an accuracy in the epoch's hook."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(1))

    def training_step(self, batch: Tensor) -> Tensor:
        return self.weight.sum()

    def validation_step(self, batch: Tensor) -> None:
        self.log("val/error", 1 / (self.current_epoch + 1))

    def on_validation_epoch_end(self) -> None:
        self.log("val/accuracy", 0.25 * (self.current_epoch + 1))

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.SGD(self.parameters(), lr=0.1)
        scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler, "monitor": "val/delta_m"}}

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.zeros(2, 1))  # type: ignore[arg-type]  # A tensor is a map of its rows.

    val_dataloader = train_dataloader


BASELINE = {"val/error": 0.5, "val/accuracy": 0.5}


def fit(
    tmp_path: Path,
    *callbacks: Callback,
    epochs: int = 2,
    ckpt_path: Path | None = None,
    module: Falling | None = None,
) -> tuple[Trainer, Falling]:
    trainer = Trainer(
        default_root_dir=tmp_path,
        max_epochs=epochs,
        callbacks=list(callbacks),
        logger=CSVLogger(tmp_path),
        enable_checkpointing=any(isinstance(callback, ModelCheckpoint) for callback in callbacks),
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        log_every_n_steps=1,
    )
    module = module or Falling()
    trainer.fit(module, ckpt_path=ckpt_path)
    return trainer, module


def monitor() -> DeltaMMonitor:
    return DeltaMMonitor(BASELINE, higher_is_better=["val/accuracy"])


pytestmark = pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers")


def test_delta_m_is_that_of_the_epoch_whose_metrics_were_logged(tmp_path: Path) -> None:
    trainer, _ = fit(tmp_path, monitor(), epochs=2)
    found = {name: value.item() for name, value in trainer.callback_metrics.items() if "delta" in name}
    assert found == pytest.approx({"val/delta/error": 0.0, "val/delta/accuracy": 0.0, "val/delta_m": 0.0})


@pytest.mark.parametrize("first", [True, False], ids=["monitor first", "monitor last"])
def test_callbacks_in_any_order_can_monitor_delta_m(tmp_path: Path, first: bool) -> None:
    others = [
        ModelCheckpoint(tmp_path / "checkpoints", monitor="val/delta_m"),
        EarlyStopping("val/delta_m", stopping_threshold=-20),
    ]
    trainer, _ = fit(tmp_path, *([monitor(), *others] if first else [*others, monitor()]), epochs=9)
    # the third epoch is the first below -20 %: (-33.3 - 50) / 2
    assert (trainer.current_epoch, round(others[0].best_model_score.item(), 1)) == (3, -41.7)  # type: ignore[attr-defined]  # A callback of any kind; this one has it.


@pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")
def test_convergence_survives_resuming(tmp_path: Path) -> None:
    checkpoint = ModelCheckpoint(tmp_path / "checkpoints", save_last=True)
    fit(tmp_path, monitor(), checkpoint, epochs=2)
    resumed = monitor()
    fit(tmp_path, resumed, epochs=3, ckpt_path=tmp_path / "checkpoints" / "last.ckpt")
    assert (resumed.convergence.epoch.item(), resumed.convergence.epochs.tolist()) == (3, [3, 3])


def test_fractions_of_epochs_survive_a_checkpoint() -> None:
    first, second = monitor(), monitor()
    first.epochs = torch.tensor([0.5, 2.25])
    second.load_state_dict(first.state_dict())
    assert second.epochs.tolist() == [0.5, 2.25]


def test_a_metric_that_is_not_logged_is_named_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"\['val/mae'\].*\['val/accuracy', 'val/error'\]\. Correct"):
        fit(tmp_path, DeltaMMonitor({"val/mae": 1.0}))


def test_a_misspelt_metric_is_answered_with_the_one_that_was_meant(tmp_path: Path) -> None:
    with pytest.raises(MisconfigurationException, match=r"Did you mean 'val/accuracy'\? Correct the names"):
        fit(tmp_path, DeltaMMonitor({"val/acuracy": 1.0, "val/error": 1.0}))


@pytest.mark.parametrize(
    ("wrong", "error", "said"),
    [
        (["typo"], ValueError, r"`higher_is_better` names \['typo'\], but the metrics are \['val/error', 'val/acc"),
        ("val/error", TypeError, "`higher_is_better` must be a list of names, but is 'val/error'"),
    ],
)
def test_wrong_directions_are_refused_by_the_monitors_own_argument(
    wrong: Any, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        DeltaMMonitor(BASELINE, higher_is_better=wrong)


def test_a_wrong_baseline_is_refused_before_its_directions_are_read() -> None:
    with pytest.raises(TypeError, match="`baseline` must map each metric"):
        DeltaMMonitor(["val/error"], higher_is_better=["typo"])  # type: ignore[arg-type]  # what is refused


def test_nothing_stays_on_the_module_after_the_fit(tmp_path: Path) -> None:
    _, module = fit(tmp_path, monitor(), epochs=1)
    assert "on_validation_epoch_end" not in vars(module)


def test_nothing_stays_on_the_module_after_an_exception(tmp_path: Path) -> None:
    module = Falling()
    trainer = Trainer(
        callbacks=[DeltaMMonitor({"val/mae": 1.0})],
        logger=False,
        enable_checkpointing=False,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
        max_epochs=1,
    )
    with pytest.raises(MisconfigurationException):
        trainer.fit(module)
    module._trainer = None
    pickle.dumps(module)


def test_validate_alone_scores_too(tmp_path: Path) -> None:
    trainer = Trainer(
        callbacks=[monitor()],
        logger=False,
        enable_checkpointing=False,
        accelerator="cpu",
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.validate(Falling(), verbose=False)
    assert trainer.callback_metrics["val/delta_m"] == 75  # (100 + 50) / 2


class OfLoaders(Falling):
    """Validates on two loaders, whose metrics Lightning tells apart by their numbers."""

    def validation_step(self, batch: Tensor, batch_idx: int = 0, dataloader_idx: int = 0) -> None:
        self.log("val/error", (dataloader_idx + 1) / (self.current_epoch + 1))

    def on_validation_epoch_end(self) -> None: ...

    def val_dataloader(self) -> Any:
        return [self.train_dataloader(), self.train_dataloader()]


def test_metrics_of_several_loaders_are_compared_by_the_names_that_lightning_gives_them(tmp_path: Path) -> None:
    baseline = {f"val/error/dataloader_idx_{number}": 0.5 for number in range(2)}
    trainer, _ = fit(tmp_path, DeltaMMonitor(baseline), EarlyStopping("val/delta_m"), module=OfLoaders())
    logged = trainer.callback_metrics
    assert logged["val/delta/error/dataloader_idx_1"].item() == pytest.approx(100.0)  # 2 / 2 against 0.5
    assert logged["val/delta_m"].item() == pytest.approx(50.0)
