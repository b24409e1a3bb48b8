"""Losses of a class that only carries more along, as MONAI's `MetaTensor`: trained as plain ones, saved as such."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.aggregation import UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Sum
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import DBMTL, LDCMTL, SI, Smoothness, WithFactors

METHODS: list[Callable[[], Any]] = [
    *(Sum, SI, RobustGO4Align, DWA, DBMTL, Smoothness, UPGrad),
    *(lambda: GO4Align(2), lambda: UW(3), lambda: FAMO(3), lambda: LDCMTL(3)),
    lambda: WithFactors(RobustGO4Align(), {"a": 0.5}),
]


class Carrying(Tensor):
    """Stays what it is through every operation, as torch lets a subclass."""


class Carried(Toy):
    @override
    def losses(self, batch: Batch) -> Any:
        x, y = batch
        return super().losses((x.as_subclass(Carrying), y))


def trained(module: Toy, make: Callable[[], Any], path: Path) -> tuple[Any, MultiTaskCallback]:
    torch.manual_seed(0)
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    callback = MultiTaskCallback(make())
    trainer = quiet_trainer(callbacks=callback)
    trainer.fit(module, loader())
    trainer.save_checkpoint(path)
    return torch.load(path, weights_only=True), callback


def tensors(part: Any) -> Iterator[Tensor]:
    if isinstance(part, Tensor):
        yield part
    for below in part.values() if isinstance(part, dict) else part if isinstance(part, list | tuple) else ():
        yield from tensors(below)


@pytest.mark.parametrize("make", METHODS, ids=lambda make: str(make()))
def test_they_train_the_same_bits_and_are_saved_as_plain_numbers(make: Callable[[], Any], tmp_path: Path) -> None:
    assert isinstance(Carried().losses(next(iter(loader())))["a"], Carrying)
    found, callback = trained(Carried(), make, tmp_path / "carried.ckpt")
    expected, _ = trained(Toy(), make, tmp_path / "plain.ckpt")
    pairs = list(zip(tensors(found), tensors(expected), strict=True))
    assert pairs
    assert all(torch.equal(a, b) for a, b in pairs)
    assert {type(weight) for weight in callback.task_weights.values()} <= {Tensor}


def test_a_method_in_a_loop_of_ones_own_keeps_plain_numbers() -> None:
    method = GO4Align(2)
    method(torch.tensor([1.0, 2.0, 30.0], requires_grad=True).as_subclass(Carrying)).backward()
    assert {type(value) for value in method.state_dict().values()} == {Tensor}
