"""A clip by norm that cuts most steps to less than a tenth is told, once."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import FixedWeights
from lightning_go4align.update.clip_watch import ClipWatch

MESSAGE = "makes most steps shorter than a tenth"


def told(method: Any, epochs: int = 40, **options: Any) -> list[str]:
    """Train for five steps an epoch, and return what was said of the clip."""
    torch.manual_seed(0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer = quiet_trainer(callbacks=[MultiTaskCallback(method)], max_epochs=epochs, **options)
        trainer.fit(Toy(lambda module: torch.optim.SGD(module.parameters(), 1e-6)), loader())
    return [str(warning.message) for warning in caught if MESSAGE in str(warning.message)]


def test_the_norm_is_named_and_the_mends_are() -> None:
    (message,) = told(RobustGO4Align(), gradient_clip_val=0.01)
    assert "`gradient_clip_val=0.01` makes most steps" in message
    assert "the median of the last 10" in message
    assert "Under RobustGO4Align it grows" in message
    assert "`gradient_clip_algorithm='value'`" in message


def test_it_is_said_once() -> None:
    assert len(told(GO4Align(), epochs=100, gradient_clip_val=1e-6)) == 1


@pytest.mark.parametrize(
    ("method", "options"),
    [
        pytest.param(RobustGO4Align, {"gradient_clip_val": 100.0}, id="a large norm"),
        pytest.param(RobustGO4Align, {"gradient_clip_val": 1e-6, "gradient_clip_algorithm": "value"}, id="by value"),
        pytest.param(RobustGO4Align, {}, id="no clip"),
        pytest.param(RobustGO4Align, {"gradient_clip_val": 1e-6, "epochs": 20}, id="few steps"),
        pytest.param(Sum, {"gradient_clip_val": 1e-6}, id="plain sum"),
        pytest.param(lambda: FixedWeights([1, 2, 3]), {"gradient_clip_val": 1e-6}, id="fixed weights"),
        pytest.param(UPGrad, {"gradient_clip_val": 1e-6}, id="aggregator"),
    ],
)
def test_nothing_is_said_of(method: Callable[[], Any], options: dict[str, Any]) -> None:
    assert told(method(), **options) == []


def test_a_norm_that_is_looked_at_is_that_before_clipping() -> None:
    """Of one loss on one parameter, whose gradient is known: d(3 p)/dp = 3, and weights of the method are 1."""

    class Line(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.p = torch.nn.Parameter(torch.tensor(1.0))

        def losses(self, batch: Any) -> dict[str, torch.Tensor]:
            return {"a": 1e6 + 300 * self.p}  # Far from 0: its weight hardly moves.

        def configure_optimizers(self) -> Any:
            return torch.optim.SGD([self.p], 1e-9)

    with pytest.warns(UserWarning, match=r"the gradient's norm is 300 in the median of the last 10 "):
        quiet_trainer(callbacks=[MultiTaskCallback(GO4Align(1))], max_epochs=40, gradient_clip_val=1.0).fit(
            Line(), loader()
        )


def told_of(norms: list[float], clip: float = 1.0) -> int:
    """Show gradients of these norms, each in the one step of 16 that is looked at, and count the warnings."""
    watch, trainer = ClipWatch(RobustGO4Align()), pl.Trainer(gradient_clip_val=clip, logger=False)
    optimizer = torch.optim.SGD([parameter := torch.nn.Parameter(torch.zeros(2))])
    for norm in norms:
        for shown in (*[1e9] * 15, norm):
            parameter.grad = torch.tensor([0.6, 0.8]) * shown
            watch.look(trainer, optimizer)
    return told_by(watch, trainer)


def told_by(watch: ClipWatch, trainer: pl.Trainer) -> int:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        watch.tell(trainer)
    return len(caught)


@pytest.mark.parametrize(
    ("norms", "number"),
    [
        ([10.01] * 10, 1),
        ([9.99] * 10, 0),
        ([10.01] * 9, 0),
        ([9.0] * 5 + [90.0] * 6, 1),
        ([9.0] * 6 + [90.0] * 5, 0),
        ([math.inf] * 9 + [9.0], 0),
        ([math.inf] * 9 + [11.0], 1),
        ([math.inf] * 10, 0),
    ],
)
def test_of_ten_looks_or_more_the_median_of_finite_norms_is_told_above_ten_times_the_clip(
    norms: list[float], number: int
) -> None:
    assert told_of(norms) == number


def test_steps_in_which_a_gradient_is_a_shard_are_not_looked_at() -> None:
    watch, trainer = ClipWatch(RobustGO4Align()), pl.Trainer(gradient_clip_val=1.0, logger=False)
    whole, shard = torch.nn.Parameter(torch.zeros(2)), torch.nn.Parameter(torch.zeros(2))
    whole.grad = torch.full((2,), 1e6)
    shard.grad = torch.nn.Parameter(torch.full((2,), 1e6), requires_grad=False)  # No plain tensor.
    for _ in range(160):
        watch.look(trainer, torch.optim.SGD([whole, shard]))
    assert told_by(watch, trainer) == 0


def test_a_sparse_gradient_is_passed_by() -> None:
    table = torch.nn.Embedding(4, 2, sparse=True)
    watch, trainer = ClipWatch(RobustGO4Align()), pl.Trainer(gradient_clip_val=1.0, logger=False)
    optimizer = torch.optim.SGD(table.parameters())
    for _ in range(160):
        optimizer.zero_grad()
        (1e6 * table(torch.arange(2)).sum()).backward()
        watch.look(trainer, optimizer)
    assert told_by(watch, trainer) == 0
