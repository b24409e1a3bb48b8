"""What a user of a metric sees of its state, and of an argument's former name."""

import pytest
import torch
from every_metric import METRICS

from lightning_go4align.metrics import DeltaM, GroupStability, MeanRank


def test_ranks_are_kept_in_double_precision() -> None:
    metric = MeanRank(["LS", "UW"], ["error"])
    metric.update("LS", {"error": 1.0})
    metric.update("UW", {"error": 1.0 + 2.0**-40})  # The same in single precision.
    assert metric.compute().tolist() == [1.0, 2.0]
    assert metric.values.dtype == torch.float64


def test_the_former_name_of_an_argument_is_told_where_it_is_written() -> None:
    with pytest.warns(FutureWarning, match="`higher_is_better`") as caught:
        DeltaM({"error": 1.0}, higher_is_better=["error"])
    assert [warning.filename for warning in caught] == [__file__]


def test_stability_is_each_process_s_own_unless_asked_otherwise() -> None:
    assert GroupStability(3).sync_on_compute is False
    assert GroupStability(3, sync_on_compute=True).sync_on_compute is True


def test_the_curves_of_stability_are_named() -> None:
    metric = GroupStability(3)
    metric.update(torch.tensor([[0, 0, 1], [0, 1, 1]]))
    _, axes = metric.plot()
    assert {"Rand", "adjusted Rand", "moves per task", "steps that hold"} <= {text.get_text() for text in axes.texts}


def test_of_errors_changes_ranks_and_gaps_the_least_is_the_best() -> None:
    errors = {"BatchMeanDepthErrors", "DepthErrors", "DeltaM", "MeanRank", "ConvergenceDifference"}
    assert {kind.__name__ for kind in METRICS if kind.higher_is_better is False} == errors
    assert {kind.__name__ for kind in METRICS if kind.higher_is_better} == {
        "AttributeScores",
        "SegmentationScores",
    }
