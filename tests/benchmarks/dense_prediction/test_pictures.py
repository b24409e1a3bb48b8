from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from matplotlib.axes import Axes
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.dense_prediction.pictures import side_by_side
from lightning_go4align.benchmarks.dense_prediction.prediction_monitor import PredictionMonitor, log_figure
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module, NYUv2MTAN


def shown(axis: Axes) -> Any:
    """The values of the picture on an axis."""
    return axis.get_images()[0].get_array()


def test_unknown_pixels_are_left_out_of_the_pictures_of_the_truth() -> None:
    batch = {
        "image": torch.rand(1, 3, 2, 2),
        "segmentation": torch.tensor([[[-1, 0], [5, 12]]]),
        "depth": torch.tensor([[[[0.0, 1], [2, 3]]]]),
    }
    figure = side_by_side(batch, {"segmentation": torch.rand(1, 13, 2, 2), "depth": torch.rand(1, 1, 2, 2)})
    masks = [np.ma.getmaskarray(shown(figure.axes[column])).tolist() for column in (1, 3)]
    assert masks == [[[True, False], [False, False]]] * 2


def test_depth_has_the_scale_of_the_truth_in_both_pictures() -> None:
    batch = {"image": torch.rand(1, 3, 2, 2), "depth": torch.tensor([[[[0.0, 1], [2, 4]]]])}
    figure = side_by_side(batch, {"depth": torch.full((1, 1, 2, 2), 9.0)})
    assert [axis.get_images()[0].get_clim() for axis in figure.axes[1:]] == [(0, 4), (0, 4)]


def test_a_normal_towards_the_viewer_is_blue_and_an_unknown_one_white() -> None:
    normal = torch.zeros(1, 3, 1, 2)
    normal[0, 2, 0, 0] = 1
    figure = side_by_side({"image": torch.rand(1, 3, 1, 2), "normal": normal}, {"normal": 7 * normal})
    assert shown(figure.axes[1])[0].tolist() == [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0]]


def test_pictures_of_half_precision_are_drawn() -> None:
    depth = torch.tensor([[[[0.0, 1], [2, 4]]]], dtype=torch.bfloat16)  # matplotlib and NumPy know no bfloat16
    figure = side_by_side({"image": torch.rand(1, 3, 2, 2).bfloat16(), "depth": depth}, {"depth": depth})
    assert shown(figure.axes[1]).max() == 4


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


def test_tensorboard_gets_the_figure(tmp_path: Path) -> None:
    logger = TensorBoardLogger(tmp_path)
    figure = side_by_side({"image": torch.rand(1, 3, 4, 4)}, {})
    log_figure(logger, "predictions", figure, step=7)
    logger.finalize("success")
    (events,) = tmp_path.rglob("events.out.tfevents.*")
    assert b"predictions" in events.read_bytes()


def test_a_logger_with_images_gets_the_figure() -> None:
    class Images(CSVLogger):
        def log_image(self, key: str, images: list[Any], step: int) -> None:
            self.got = (key, len(images), step)

    logger = Images("unused")
    log_figure(logger, "predictions", side_by_side({"image": torch.rand(1, 3, 4, 4)}, {}), step=7)
    assert logger.got == ("predictions", 1, 7)


@pytest.mark.parametrize("options", [{"num_images": 0}, {"every_n_epochs": 0}], ids=str)
def test_pictures_of_nothing_are_refused(options: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="Remove the callback to have no pictures"):
        PredictionMonitor(**options)  # type: ignore[arg-type]  # One argument or another.
