import pytest
import torch

from lightning_go4align.metrics import MeanRank


def test_a_method_that_is_best_everywhere_has_rank_one() -> None:
    ranks = MeanRank(["LS", "GO4Align"], ["miou", "err"], maximize=["miou"])
    ranks.update("GO4Align", {"miou": 2.0, "err": 1.0})
    ranks.update("LS", {"miou": 1.0, "err": 2.0})
    torch.testing.assert_close(ranks.compute(), torch.tensor([2.0, 1.0]))


def test_an_unknown_method_is_refused() -> None:
    with pytest.raises(ValueError, match="values of 'UW'"):
        MeanRank(["LS"], ["err"]).update("UW", {"err": 1.0})


def test_methods_that_were_measured_on_different_ranks_are_compared() -> None:
    here, there = (MeanRank(["LS", "UW", "GO4Align"], ["error"]) for _ in range(2))
    here.update("LS", {"error": 3.0})
    there.update("UW", {"error": 1.0})
    there.update("GO4Align", {"error": 2.0})
    here.distributed_available_fn = lambda: True
    # Of each state, whose names torchmetrics does not tell: the values, and what both were made with.
    here.dist_sync_fn = lambda own, group: [own, there.values if own.is_floating_point() else there.arguments]
    assert here.compute().tolist() == [3, 1, 2]
