"""A method that is cast to half precision, or given losses of it, weighs as before to that precision."""

from typing import Any

import pytest
import torch
from torch import nn
from torchjd.scalarization import Sum

from lightning_go4align import GO4Align, GroupedScalarizer, RobustGO4Align
from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import UWSO, WindowedDWA

METHODS: dict[str, Any] = {
    "robust": RobustGO4Align,
    "robust, K = 2": lambda: RobustGO4Align(num_groups=2),
    "GO4Align": lambda: GO4Align(2, 1e-2),
    "GO4Align, K chosen": lambda: GO4Align(None, 1e-2, clustering=AutomaticKMeans()),
    "WindowedDWA": lambda: WindowedDWA(window=3),
    "UW-SO": UWSO,
    "grouped": lambda: GroupedScalarizer(Sum(), num_groups=2),
}
HALF = [torch.float16, torch.bfloat16]


def steps(method: nn.Module, start: int, number: int, dtype: torch.dtype = torch.float32) -> list[float]:
    losses = torch.tensor([1.0, 10.0, 100.0])
    for step in range(start, start + number):
        method((losses * (1 + 0.1 * torch.tensor([step % 3, step % 5, -(step % 7)]))).to(dtype))
    weights: list[float] = method.task_weights.float().tolist()  # type: ignore[operator]  # nn.Module knows it not
    return weights


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_cast_forgets_nothing(make: Any, dtype: torch.dtype) -> None:
    method, usual = make(), make()
    for each in (method, usual):
        steps(each, 0, 20)
    method.to(dtype)
    assert steps(method, 20, 30) == pytest.approx(steps(usual, 20, 30), rel=1e-5)


@pytest.mark.parametrize("dtype", HALF, ids=str)
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_losses_may_be_of_half_precision(make: Any, dtype: torch.dtype) -> None:
    assert steps(make(), 0, 20, dtype) == pytest.approx(steps(make(), 0, 20), rel=0.05)


def test_uw_so_takes_losses_of_any_shape() -> None:
    method = UWSO()
    assert method(torch.tensor(2.0)).item() == 2.0
    assert method(torch.tensor([[2, 2], [2, 2]])).item() == 2.0
    with pytest.raises(TypeError, match=r"must be a tensor of task losses, but is a list: stack its losses"):
        method([1.0, 2.0])  # type: ignore[arg-type]  # refused at run time
