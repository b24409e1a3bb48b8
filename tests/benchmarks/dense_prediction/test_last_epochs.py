import csv
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torchjd.scalarization import Sum

from lightning_go4align import DeltaMMonitor
from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN
from lightning_go4align.benchmarks.cityscapes.data import GeneratedCityScapes
from lightning_go4align.benchmarks.dense_prediction import LastEpochsMonitor, MeanOfBatches


class Scripted(CityScapesModule):
    """Measures nothing: in epoch e every metric is 10 + e."""

    def __init__(self) -> None:
        super().__init__(Sum(), CityScapesMTAN([2, 2, 2, 2, 2]), MeanOfBatches())
        self.validated: list[int] = []

    def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
        self.validated.append(self.current_epoch)

    def on_validation_epoch_end(self) -> None:
        names = [*self.table.single_task, "delta_m"]
        self.log_dict({f"val/{name}": torch.tensor(10.0 + self.current_epoch) for name in names})


@pytest.fixture
def run(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> Callable[..., tuple[Scripted, Trainer]]:
    def fit(monitor: Callback, checkpoint: Path | None = None, *more: Callback, **options: Any) -> Any:
        module = Scripted()
        fitted = trainer(callbacks=[monitor, *more], **{"limit_train_batches": 1, "limit_val_batches": 1, **options})
        fitted.fit(module, datamodule=cityscapes.data(batch_size=2), ckpt_path=checkpoint)
        return module, fitted

    return fit


def test_the_mean_is_over_the_last_epochs_only(run: Callable[..., tuple[Scripted, Trainer]]) -> None:
    monitor = LastEpochsMonitor(epochs=2)
    run(monitor, max_epochs=5)
    assert monitor.means()["miou"] == (13 + 14) / 2


def test_each_of_the_last_epochs_is_validated_however_seldom_the_others_are(
    run: Callable[..., tuple[Scripted, Trainer]],
) -> None:
    module, _ = run(LastEpochsMonitor(epochs=3), max_epochs=7, check_val_every_n_epoch=3, num_sanity_val_steps=0)
    assert module.validated == [2, 4, 5, 6]


def test_the_mean_goes_to_the_logger_with_the_rank_among_the_published_methods(
    run: Callable[..., tuple[Scripted, Trainer]], tmp_path: Path
) -> None:
    run(LastEpochsMonitor(epochs=1), max_epochs=1, logger=CSVLogger(tmp_path), log_every_n_steps=1)
    written = (tmp_path / "lightning_logs/version_0/metrics.csv").read_text()
    assert "last_1_epochs/mean_rank" in written


def test_the_printed_table_names_the_evaluation_and_the_methods(
    run: Callable[..., tuple[Scripted, Trainer]], capsys: pytest.CaptureFixture[str]
) -> None:
    run(LastEpochsMonitor(epochs=1), max_epochs=1)
    printed = " ".join(capsys.readouterr().out.split())  # lines break with the terminal's width
    for words in (
        "mean of batch means, as published",
        "among MGDA, PCGrad",
        "│ abs_err │ 10 │ 0.0125 │ +79900.0 % │",
    ):
        assert words in printed


def test_a_resumed_run_remembers_the_epochs_before(
    run: Callable[..., tuple[Scripted, Trainer]], tmp_path: Path
) -> None:
    _, half = run(LastEpochsMonitor(epochs=3), max_epochs=3)
    half.save_checkpoint(tmp_path / "half.ckpt")
    monitor = LastEpochsMonitor(epochs=3)
    run(monitor, tmp_path / "half.ckpt", max_epochs=4)
    assert monitor.means()["miou"] == (11 + 12 + 13) / 3


def test_a_second_fit_tells_nothing_of_the_first_and_leaves_the_trainer_as_it_was(
    run: Callable[..., tuple[Scripted, Trainer]],
) -> None:
    monitor = LastEpochsMonitor(epochs=2)
    _, first = run(monitor, max_epochs=4, check_val_every_n_epoch=3, num_sanity_val_steps=0)
    assert first.check_val_every_n_epoch == 3
    assert set(monitor.rows) == {2, 3}
    with pytest.warns(UserWarning, match="There is no mean"):
        run(monitor, max_epochs=4, max_steps=1, limit_val_batches=0)
    assert monitor.means() == {}


class StopAfter(Callback):
    """Ends training after so many epochs."""

    def __init__(self, epochs: int) -> None:
        self.epochs = epochs

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        trainer.should_stop = trainer.current_epoch + 1 == self.epochs


@pytest.mark.parametrize(
    ("more", "options", "ended"),
    [([StopAfter(3)], {}, 3), ([], {"max_steps": 1}, 1), ([], {"limit_val_batches": 0}, 6)],
    ids=["stopped", "steps", "unvalidated"],
)
def test_why_there_is_no_mean_is_said(
    run: Callable[..., tuple[Scripted, Trainer]], more: list[Callback], options: dict[str, Any], ended: int
) -> None:
    said = f"no mean over the last 2 of 6 epochs, .* training ended in epoch {ended}, .* Leave out what ends it early"
    with pytest.warns(UserWarning, match=said):
        run(LastEpochsMonitor(epochs=2), None, *more, max_epochs=6, **options)


@pytest.mark.parametrize(("stop", "number"), [(5, 1), (6, 2)])
def test_loggers_are_told_over_how_many_epochs_the_mean_is(
    run: Callable[..., tuple[Scripted, Trainer]], tmp_path: Path, stop: int, number: int
) -> None:
    options = {"max_epochs": 6, "logger": CSVLogger(tmp_path), "log_every_n_steps": 1}
    run(LastEpochsMonitor(epochs=2), None, StopAfter(stop), **options)
    with (tmp_path / "lightning_logs/version_0/metrics.csv").open() as file:
        (last,) = [row for row in csv.DictReader(file) if row["last_2_epochs/miou"]]
    assert float(last["last_2_epochs/num_epochs"]) == number
    assert float(last["last_2_epochs/miou"]) == 10 + stop - (1 + number) / 2


@pytest.mark.parametrize(("own", "said"), [(True, "worse by"), (False, "The data is made up")])
def test_made_up_data_is_compared_with_values_of_one_s_own_only(
    trainer: Callable[..., Trainer], tmp_path: Path, capsys: pytest.CaptureFixture[str], own: bool, said: str
) -> None:
    baseline = dict.fromkeys(CityScapesModule.table.single_task, 2.0) if own else None
    module = CityScapesModule(Sum(), CityScapesMTAN([2, 2, 2, 2, 2]), single_task=baseline)
    data = GeneratedCityScapes(num_train=2, num_test=2, cache=str(tmp_path), batch_size=2, size=(32, 32))
    others = [] if own else [DeltaMMonitor({"val/miou": 2.0}, higher_is_better=["val/miou"])]
    trainer(max_epochs=1, callbacks=[*others, LastEpochsMonitor(epochs=1)]).fit(module, datamodule=data)
    printed = " ".join(capsys.readouterr().out.split())
    assert (said in printed, "worse by" in printed, "mean rank" in printed) == (True, own, False)


@pytest.mark.parametrize("epochs", [-1, 1], ids=["endless", "too-few"])
def test_a_run_without_that_many_epochs_is_refused(run: Callable[..., tuple[Scripted, Trainer]], epochs: int) -> None:
    with pytest.raises(
        MisconfigurationException, match=r"needs `trainer.max_epochs` of at least as many.*Set it, or"
    ):
        run(LastEpochsMonitor(epochs=2), max_epochs=epochs)


def test_a_trial_run_of_one_batch_is_not_refused(run: Callable[..., tuple[Scripted, Trainer]]) -> None:
    _, fitted = run(LastEpochsMonitor(epochs=10), fast_dev_run=True)
    assert fitted.global_step == 1


def test_validation_after_the_fit_does_not_count(
    run: Callable[..., tuple[Scripted, Trainer]], cityscapes: SimpleNamespace
) -> None:
    monitor = LastEpochsMonitor(epochs=2)
    module, fitted = run(monitor, max_epochs=2)
    fitted.validate(module, datamodule=cityscapes.data(), verbose=False)
    assert list(monitor.rows) == [0, 1]


def test_another_module_is_refused(trainer: Callable[..., Trainer]) -> None:
    with pytest.raises(MisconfigurationException, match=r"Remove it from `trainer.callbacks`"):
        LastEpochsMonitor().on_fit_start(trainer(), LightningModule())


def test_no_epochs_are_refused() -> None:
    with pytest.raises(ValueError, match="must be at least 1, but is 0"):
        LastEpochsMonitor(epochs=0)
