import math

import torch

from lightning_go4align.functional.relative import convergence_difference
from lightning_go4align.metrics import ConvergenceDifference


def test_updates_by_epoch_give_what_the_whole_curves_give() -> None:
    curves = torch.rand(30, 4, generator=torch.Generator().manual_seed(0)).double()
    names = ["a", "b", "c", "d"]
    difference = ConvergenceDifference(names, maximize=["b"])
    for values in curves:
        difference.update(dict(zip(names, values, strict=True)))
    expected = convergence_difference(curves, torch.tensor([False, True, False, False]))
    torch.testing.assert_close(difference.compute(), expected.float())


def test_a_metric_without_a_value_counts_with_the_first_epoch() -> None:
    curves = torch.tensor([[math.nan, 3.0], [math.nan, 2.0], [math.nan, 1.0]])
    metric = ConvergenceDifference(["absent", "falling"])
    for absent, falling in curves.tolist():
        metric.update({"absent": absent, "falling": falling})
    assert metric.epochs.tolist() == [1, 3]
    assert metric.compute() == convergence_difference(curves, torch.tensor([False, False])) == 1


def test_forward_gives_the_difference_so_far_for_an_epoch_alone_has_none() -> None:
    metric, alike = ConvergenceDifference(["level", "falling"]), ConvergenceDifference(["level", "falling"])
    for epoch, value in enumerate((4.0, 2.0, 1.0)):
        found = metric({"level": 1.0, "falling": value})
        alike.update({"level": 1.0, "falling": value})
        assert found == metric.compute() == alike.compute() == epoch / 2
