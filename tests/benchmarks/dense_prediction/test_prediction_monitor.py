"""Pictures of predictions are saved when they are due, and reach every logger that has a place for pictures."""

from collections.abc import Callable, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CometLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.dense_prediction.prediction_monitor import PredictionMonitor
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module, NYUv2MTAN
from lightning_go4align.monitors import places


@pytest.fixture
def module() -> NYUv2Module:
    return NYUv2Module(Sum(), NYUv2MTAN([2, 2, 2, 2, 2]))


def test_pictures_are_saved_when_due_and_after_the_last_epoch(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], module: NYUv2Module, tmp_path: Path
) -> None:
    monitor = PredictionMonitor(num_images=1, every_n_epochs=2, folder=str(tmp_path / "pictures"))
    fitted = trainer(max_epochs=3, callbacks=[monitor], limit_train_batches=1, limit_val_batches=1)
    fitted.fit(module, datamodule=nyuv2.data())
    assert sorted(path.name for path in (tmp_path / "pictures").iterdir()) == ["epoch_1.png", "epoch_2.png"]


def test_the_network_is_as_it_was_after_a_picture(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], module: NYUv2Module
) -> None:
    data = nyuv2.data()
    data.setup("fit")
    before = {name: value.clone() for name, value in module.state_dict().items()}
    monitor = PredictionMonitor(num_images=1, every_n_epochs=1)
    trainer(callbacks=[monitor]).validate(module, data.val_dataloader(), verbose=False)
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


class Told:
    """What these loggers have in common: they need no tool's package, and note the pictures that they get."""

    name, version, run_id = "", 0, "run"
    save_dir = log_dir = root_dir = _experiment = None
    _log_graph = False

    def __init__(self) -> None:
        self.pictures: list[tuple[str, str, int]] = []

    @property
    def experiment(self) -> Any:
        return self

    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None: ...

    def save(self) -> None: ...

    def finalize(self, status: str) -> None: ...

    def note(self, key: str, image: Any) -> None:
        assert isinstance(image, np.ndarray)
        self.pictures.append((key, image.dtype.name, image.shape[-1]))


class ToldWandb(Told, WandbLogger):  # type: ignore[misc]  # It takes the places of properties.
    def log_image(self, key: str, images: Any, step: int | None = None, **kwargs: Any) -> None:
        self.note(key, images[0])


class ToldTensorBoard(Told, TensorBoardLogger):  # type: ignore[misc]  # likewise
    def add_image(self, key: str, image: Any, step: int, dataformats: str) -> None:
        assert dataformats == "HWC"
        self.note(key, image)


class ToldMLflow(Told, MLFlowLogger):  # type: ignore[misc]  # likewise
    def log_image(self, run_id: str, image: Any, artifact_file: str) -> None:
        assert (run_id, artifact_file) == ("run", "predictions_00000000.png")
        self.note("predictions", image)


class ToldComet(Told, CometLogger):  # type: ignore[misc]  # likewise
    def log_image(self, image: Any, name: str, step: int) -> None:
        self.note(name, image)


STAND_INS: list[Any] = [ToldWandb, ToldTensorBoard, ToldMLflow, ToldComet]


@pytest.mark.parametrize("kind", STAND_INS, ids=lambda kind: kind.__name__)
def test_every_logger_that_takes_pictures_gets_them(
    kind: Any, nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], module: NYUv2Module
) -> None:
    data, logger = nyuv2.data(), kind()
    data.setup("fit")
    validating = trainer(callbacks=[PredictionMonitor(1, 1)], logger=logger)
    validating.validate(module, data.val_dataloader(), verbose=False)
    assert logger.pictures == [("predictions", "uint8", 3)]


def test_no_logger_with_a_place_is_forgotten_here() -> None:
    known: list[type[Logger]] = [kind for kind, _ in places._KINDS]
    assert [kind.__mro__[2] for kind in STAND_INS] == known


def test_tensorboard_keeps_the_picture(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], module: NYUv2Module, tmp_path: Path
) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    data, logger = nyuv2.data(), TensorBoardLogger(tmp_path, name="runs")
    data.setup("fit")
    trainer(callbacks=[PredictionMonitor(1, 1)], logger=logger).validate(module, data.val_dataloader(), verbose=False)
    found = accumulators.EventAccumulator(str(tmp_path / "runs" / "version_0"))
    found.Reload()
    assert [image.step for image in found.Images("predictions")] == [0]


@pytest.mark.parametrize(
    ("options", "kind", "words"),
    [
        pytest.param({"num_images": 0}, ValueError, "`num_images` must be at least 1, but is 0", id="no image"),
        pytest.param({"every_n_epochs": 0}, ValueError, "`every_n_epochs` must be at least 1", id="no epoch"),
        pytest.param({"num_images": 1.5}, TypeError, "`num_images` must be an integer, but is 1.5", id="a half"),
    ],
)
def test_pictures_of_nothing_are_refused(options: dict[str, Any], kind: type[Exception], words: str) -> None:
    with pytest.raises(kind, match=words):
        PredictionMonitor(**options)
