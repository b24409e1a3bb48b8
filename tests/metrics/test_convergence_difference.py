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
