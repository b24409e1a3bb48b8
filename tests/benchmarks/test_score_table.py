"""Weights in a table of scores are those of one fit."""

from pathlib import Path

import torch
from torchjd.scalarization import Constant
from toy import BalancedToy, loader, quiet_trainer

from lightning_go4align.benchmarks.score_table import ScoreTable


def mean_weights(table: ScoreTable) -> list[float]:
    weights: list[float] = (table.weight_sum / table.num_steps).tolist()
    return weights


def test_a_second_fit_has_its_own_weights() -> None:
    table = ScoreTable()
    for weight in (1.0, 5.0):
        quiet_trainer(callbacks=[table], max_epochs=1).fit(BalancedToy(Constant(torch.full((3,), weight))), loader())
        assert mean_weights(table) == [weight] * 3


def test_a_resumed_fit_counts_the_steps_before(tmp_path: Path) -> None:
    module = BalancedToy(Constant(torch.ones(3)))
    first = quiet_trainer(callbacks=[ScoreTable()], max_epochs=1)
    first.fit(module, loader())
    first.save_checkpoint(tmp_path / "half.ckpt")
    resumed = ScoreTable()
    second = quiet_trainer(callbacks=[resumed], max_epochs=3)
    second.fit(BalancedToy(Constant(torch.ones(3))), loader(), ckpt_path=tmp_path / "half.ckpt")
    assert resumed.num_steps == second.global_step
    assert mean_weights(resumed) == [1.0] * 3
