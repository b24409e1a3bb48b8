import math

import pytest
import torch

from lightning_go4align.functional.convergence import convergence_difference
from lightning_go4align.metrics import ConvergenceDifference


def test_updates_by_epoch_give_what_the_whole_curves_give() -> None:
    curves = torch.rand(30, 4, generator=torch.Generator().manual_seed(0)).double()
    names = ["a", "b", "c", "d"]
    difference = ConvergenceDifference(names, maximize=["b"])
    for values in curves:
        difference.update(dict(zip(names, values, strict=True)))
    expected = convergence_difference(curves, torch.tensor([False, True, False, False]))
    torch.testing.assert_close(difference.compute(), expected.float())


@pytest.mark.parametrize(("others", "epochs", "expected"), [([3.0, 2.0, 1.0], [0, 3, 1], 1), ([], [0], math.nan)])
def test_a_metric_without_a_value_converges_never_and_does_not_count(
    others: list[float], epochs: list[int], expected: float
) -> None:
    falling = torch.tensor(others)
    columns = [torch.full((3,), math.nan), *([falling, torch.ones(3)] if others else [])]
    curves, names = torch.stack(columns, 1), ["absent", "falling", "level"][: len(columns)]
    metric = ConvergenceDifference(names)
    for row in curves:
        metric.update(dict(zip(names, row, strict=True)))
    assert metric.epochs.tolist() == epochs
    directions = torch.zeros(len(names), dtype=torch.bool)
    assert metric.compute().item() == pytest.approx(expected, nan_ok=True)
    assert convergence_difference(curves, directions).item() == pytest.approx(expected, nan_ok=True)


def test_a_metric_that_gets_its_first_value_late_converges_then_at_the_earliest() -> None:
    metric = ConvergenceDifference(["late"])
    for value in (math.nan, math.nan, 1.0, math.nan):
        metric.update({"late": value})
    assert metric.epochs.tolist() == [3]


def test_an_earlier_checkpoint_s_first_epoch_of_a_metric_without_a_value_is_forgotten() -> None:
    metric = ConvergenceDifference(["absent", "level"])
    metric.persistent(True)
    state = {"best": torch.tensor([math.nan, 1.0]), "epochs": torch.tensor([1, 1]), "epoch": torch.tensor(4)}
    metric.load_state_dict(state)
    metric.update({"absent": math.nan, "level": 1.0})
    assert metric.epochs.tolist() == [0, 1]


def test_forward_gives_the_difference_so_far_for_an_epoch_alone_has_none() -> None:
    metric, alike = ConvergenceDifference(["level", "falling"]), ConvergenceDifference(["level", "falling"])
    for epoch, value in enumerate((4.0, 2.0, 1.0)):
        found = metric({"level": 1.0, "falling": value})
        alike.update({"level": 1.0, "falling": value})
        assert found == metric.compute() == alike.compute() == epoch / 2
