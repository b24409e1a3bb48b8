from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from lightning.pytorch import Trainer
from matplotlib.figure import Figure
from torch import Tensor

from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN
from lightning_go4align.benchmarks.dense_prediction.evaluation import MeanOfBatches, OverPixels
from lightning_go4align.benchmarks.dense_prediction.scores import DenseScores, SegmentationScores
from lightning_go4align.benchmarks.score_table import ScoreTable
from lightning_go4align.methods import GO4Align
from lightning_go4align.metrics.depth import BatchMeanDepthErrors, DepthErrors
from lightning_go4align.metrics.normals import BatchMeanNormalErrors, NormalErrors


def by_brute_force(batches: list[tuple[Tensor, Tensor]], num_classes: int) -> dict[str, float]:
    confusion = np.zeros((num_classes, num_classes))
    for logits, labels in batches:
        for guess, label in zip(logits.argmax(1).flatten().tolist(), labels.flatten().tolist(), strict=True):
            if label >= 0:
                confusion[label, guess] += 1
    hits = np.diag(confusion)
    unions = confusion.sum(0) + confusion.sum(1) - hits
    return {
        "miou": 100 * np.mean(hits[unions > 0] / unions[unions > 0]),
        "pixel_accuracy": 100 * hits.sum() / confusion.sum(),
    }


@pytest.mark.parametrize("absent", [0, 2], ids=["all-classes", "two-classes-absent"])
def test_segmentation_scores_equal_one_confusion_matrix_over_all_batches(absent: int) -> None:
    generator = torch.Generator().manual_seed(0)
    batches = []
    for size in (2, 2, 1):
        logits = torch.randn(size, 13, 6, 8, generator=generator)
        logits[:, :absent] = -torch.inf
        batches.append((logits, torch.randint(-1, 13 - absent, (size, 6, 8), generator=generator)))
        batches[-1][1][batches[-1][1] >= 0] += absent
    scores = SegmentationScores(13)
    for batch in batches:
        scores.update(*batch)
    found = {name: value.item() for name, value in scores.compute().items()}
    assert found == pytest.approx(by_brute_force(batches, 13), rel=1e-6)


def test_scores_start_anew_after_a_reset() -> None:
    scores = DenseScores({"segmentation": 3, "depth": 1}, OverPixels())
    truth = {"segmentation": torch.zeros(1, 2, 2, dtype=torch.int64), "depth": torch.ones(1, 1, 2, 2)}
    wrong = {
        "segmentation": torch.tensor([0.0, 1, 0]).view(1, 3, 1, 1).expand(1, 3, 2, 2),
        "depth": torch.zeros(1, 1, 2, 2),
    }
    right = {
        "segmentation": torch.tensor([1.0, 0, 0]).view(1, 3, 1, 1).expand(1, 3, 2, 2),
        "depth": torch.ones(1, 1, 2, 2),
    }
    scores.update(wrong, truth)
    scores.reset()
    scores.update(right, truth)
    values = {name: value.item() for name, value in scores.compute().items()}
    assert values == {"miou": 100, "pixel_accuracy": 100, "abs_err": 0, "rel_err": 0}


@pytest.mark.parametrize(
    ("evaluation", "metrics"),
    [(OverPixels(), (DepthErrors, NormalErrors)), (MeanOfBatches(), (BatchMeanDepthErrors, BatchMeanNormalErrors))],
    ids=["over-pixels", "as-published"],
)
def test_an_evaluation_chooses_both_errors(evaluation: Any, metrics: Any) -> None:
    assert (type(evaluation.depth()), type(evaluation.normals())) == metrics


def test_segmentation_scores_by_forward_by_update_and_by_merging_agree() -> None:
    generator = torch.Generator().manual_seed(0)
    by_forward, by_update = SegmentationScores(5), SegmentationScores(5)
    parts = [SegmentationScores(5) for _ in range(3)]
    for part in parts:
        batch = torch.randn(2, 5, 6, 8, generator=generator), torch.randint(-1, 5, (2, 6, 8), generator=generator)
        for metric in (by_forward, by_update.update, part):
            metric(*batch)
    for part in parts[1:]:
        parts[0].merge_state(part)
    assert by_forward.compute() == by_update.compute() == parts[0].compute()


def test_segmentation_scores_of_no_pixel_are_unknown() -> None:
    scores = SegmentationScores(2)
    scores.update(torch.zeros(1, 2, 3, 3), torch.full((1, 3, 3), -1))
    assert all(value.isnan() for value in scores.compute().values())


def test_segmentation_scores_plot_themselves() -> None:
    scores, axes = SegmentationScores(2), Figure().add_subplot()
    scores.update(torch.rand(1, 2, 3, 3), torch.ones(1, 3, 3, dtype=torch.int64))
    assert scores.plot(ax=axes) == (None, axes)


def test_a_table_of_metrics_that_are_not_the_tasks_has_no_weights_of_tasks(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer], capsys: pytest.CaptureFixture[str]
) -> None:
    module = CityScapesModule(GO4Align(num_groups=2), CityScapesMTAN([4, 4, 4, 4, 4]))
    fitted = trainer(max_epochs=1, callbacks=[ScoreTable()])
    fitted.fit(module, datamodule=cityscapes.data())
    fitted.test(module, datamodule=cityscapes.data(), verbose=False)
    header = next(line for line in capsys.readouterr().out.splitlines() if "metric" in line)
    assert [cell.strip() for cell in header.split("┃")[1:-1]] == ["metric", "value", "single-task", "worse by"]


def test_a_network_of_nan_has_no_score() -> None:
    scores = SegmentationScores(3)
    logits, labels = torch.randn(2, 3, 4, 5), torch.randint(0, 3, (2, 4, 5))
    scores.update(logits, labels)
    assert all(value.isfinite() for value in scores.compute().values())
    logits[1, 0, 2, 3] = torch.nan
    scores.update(logits, labels)
    assert all(value.isnan() for value in scores.compute().values())
    scores.reset()
    scores.update(logits[:1], labels[:1])
    assert all(value.isfinite() for value in scores.compute().values())
