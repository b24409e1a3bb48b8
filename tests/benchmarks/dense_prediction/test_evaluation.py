"""What is predicted and measured: per epoch, over pixels, against single-task values."""

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from benchmarks.dense_prediction.narrow import NARROW, cityscapes_module
from lightning.pytorch import Trainer
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.cityscapes import published as cityscapes_published
from lightning_go4align.benchmarks.dense_prediction import MeanOfBatches, OverPixels
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module, NYUv2MTAN


def test_cityscapes_tests_every_metric_of_table_5_in_its_order(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    (logged,) = trainer().test(cityscapes_module(Sum()), datamodule=cityscapes.data(), verbose=False)
    table_5 = [*cityscapes_published.SINGLE_TASK]
    assert list(logged) == [f"test/{name}" for name in [*table_5, *(f"delta/{name}" for name in table_5), "delta_m"]]


def test_predictions_are_classes_depths_and_unit_normals_of_the_test_images(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module, data = NYUv2Module(Sum(), NYUv2MTAN(NARROW)), nyuv2.data()
    batches = trainer().predict(module, datamodule=data)
    predicted = {task: torch.cat([batch[task] for batch in batches]) for task in batches[0]}
    with torch.no_grad():
        output = module.eval()(torch.stack([sample["image"] for sample in data.test_set]))
    assert torch.equal(predicted["segmentation"], output["segmentation"].argmax(1))
    torch.testing.assert_close(predicted["depth"], output["depth"])
    lengths = output["normal"].square().sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(predicted["normal"] * lengths, output["normal"])


def test_cityscapes_predicts_its_two_tasks(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    batches = trainer().predict(cityscapes_module(Sum()), datamodule=cityscapes.data())
    assert {task: tuple(maps.shape) for task, maps in batches[0].items()} == {  # type: ignore[union-attr]  # `predict` may return None.
        "segmentation": (2, 32, 64),
        "depth": (2, 1, 32, 64),
    }


def test_every_epoch_is_measured_anew(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    module, data = cityscapes_module(Sum()), cityscapes.data()
    (first,) = trainer().validate(module, datamodule=data, verbose=False)
    with torch.no_grad():
        module.network.heads["depth"][1].bias.fill_(100)  # type: ignore[index]  # It may be a tensor or a module.
    (second,) = trainer().validate(module, datamodule=data, verbose=False)
    assert second["val/abs_err"] > 90 > first["val/abs_err"]


def errors(trainer: Callable[..., Trainer], cityscapes: SimpleNamespace, evaluation: Any, batch_size: int) -> float:
    module = cityscapes_module(Sum(), evaluation=evaluation)
    (logged,) = trainer().test(module, datamodule=cityscapes.data(batch_size=batch_size), verbose=False)
    return logged["test/abs_err"]


def test_only_the_published_evaluation_depends_on_the_batch_size(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    (cityscapes.root / "train").rename(cityscapes.root / "three")
    (cityscapes.root / "val").rename(cityscapes.root / "two")
    (cityscapes.root / "three").rename(cityscapes.root / "val")  # 3 images: batches of 2 and 1
    over_pixels = [errors(trainer, cityscapes, OverPixels(), size) for size in (2, 3)]
    published = [errors(trainer, cityscapes, MeanOfBatches(), size) for size in (2, 3)]
    assert over_pixels[0] == pytest.approx(over_pixels[1], rel=1e-5)
    assert published[0] != pytest.approx(published[1], rel=1e-3)
    assert published[1] == pytest.approx(over_pixels[1], rel=1e-5)  # one batch


def test_other_single_task_values_move_delta_m(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    halved = {name: value / 2 for name, value in cityscapes_published.SINGLE_TASK.items()}
    scores = [
        trainer().test(cityscapes_module(Sum(), **options), datamodule=cityscapes.data(), verbose=False)[0]
        for options in ({}, {"single_task": halved})
    ]
    assert scores[0]["test/delta_m"] != scores[1]["test/delta_m"]


def test_single_task_values_of_other_metrics_are_refused_at_once() -> None:
    given = {name: 1.0 for name in cityscapes_published.SINGLE_TASK if name != "miou"} | {"mIoU": 1.0}
    with pytest.raises(ValueError, match=r"\['miou'\] are missing and \['mIoU'\] .* Correct `model.single_task`"):
        cityscapes_module(Sum(), single_task=given)
