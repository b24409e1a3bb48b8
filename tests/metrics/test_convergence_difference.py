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
