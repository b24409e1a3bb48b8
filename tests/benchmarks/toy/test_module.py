from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.aggregation import MGDA
from torchjd.scalarization import Sum

from lightning_go4align import GO4Align
from lightning_go4align.benchmarks.toy import STARTS, ToyModule, distance_to_front, objectives


@pytest.fixture
def trainer(tmp_path: Path) -> pl.Trainer:
    quiet: dict[str, Any] = {
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return pl.Trainer(max_steps=50, logger=False, accelerator="cpu", limit_val_batches=0, **quiet)


def test_a_plain_sum_moves_as_adam_on_the_sum_of_the_objectives(trainer: pl.Trainer) -> None:
    module = ToyModule(Sum(), start=1)
    trainer.fit(module)
    position = torch.nn.Parameter(torch.tensor(STARTS[1]))
    optimizer = torch.optim.Adam([position], lr=1e-3)
    for _ in range(50):
        optimizer.zero_grad()
        objectives(position).sum().backward()
        optimizer.step()
    torch.testing.assert_close(module.position, position)


@pytest.mark.parametrize("method", [MGDA(), GO4Align(num_groups=2)], ids=["gradient-oriented", "loss-oriented"])
def test_methods_of_both_kinds_come_nearer_to_the_front(trainer: pl.Trainer, method: Any) -> None:
    module = ToyModule(method, start=4, learning_rate=0.02)
    before = distance_to_front(module.position.detach())
    trainer.fit(module)
    assert distance_to_front(module.position.detach()) < before


@pytest.mark.parametrize(("y", "failed"), [(-8.3, 0.0), (0.0, 1.0)])
def test_a_point_far_from_the_front_counts_as_failed(trainer: pl.Trainer, y: float, failed: float) -> None:
    module = ToyModule(Sum())
    module.position.data = torch.tensor([0.0, y])
    (scores,) = trainer.test(module, verbose=False)
    assert scores["test/failed"] == failed


def test_a_sixth_start_is_refused() -> None:
    with pytest.raises(ValueError, match=r"`start` must lie in \[0, 4\]"):
        ToyModule(Sum(), start=5)
