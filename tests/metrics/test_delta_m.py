import pytest
import torch

from lightning_go4align.metrics import DeltaM


def test_the_mean_of_the_updates_is_compared() -> None:
    score = DeltaM({"mae": 2.0})
    score.update({"mae": 2.0})
    score.update({"mae": torch.tensor(4.0)})
    assert score.compute() == 50


def test_forward_leaves_the_score_of_the_whole_epoch() -> None:
    score = DeltaM({"mae": 2.0})
    now = [score({"mae": value}).item() for value in (2.0, 4.0)]
    assert (now, score.compute().item()) == ([0.0, 100.0], 50.0)


@pytest.mark.parametrize(
    ("values", "found"),
    [
        pytest.param({"mae": 1.0}, r"\['miou'\] are missing", id="missing"),
        pytest.param({"mae": 1.0, "miou": 1.0, "iou": 1.0}, r"\['iou'\] are unknown", id="unknown"),
    ],
)
def test_other_metrics_than_the_baseline_names_are_refused(values: dict[str, float], found: str) -> None:
    with pytest.raises(ValueError, match=found):
        DeltaM({"mae": 2.0, "miou": 3.0}).update(values)


@pytest.mark.parametrize("value", [0.0, float("nan"), float("inf")])
def test_a_baseline_to_which_nothing_is_relative_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match="measure them in another unit"):
        DeltaM({"mae": value})


def test_an_empty_baseline_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one metric"):
        DeltaM({})


def test_a_direction_of_an_unknown_metric_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names \['iou'\]"):
        DeltaM({"miou": 1.0}, maximize=["iou"])
