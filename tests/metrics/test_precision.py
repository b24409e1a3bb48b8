import torch
from torch import Tensor, nn

from lightning_go4align.metrics import DeltaM
from lightning_go4align.metrics.depth import DepthErrors


def without_float64(tensor: Tensor) -> Tensor:
    assert tensor.dtype != torch.float64, "MPS cannot make a float64"
    return tensor.to("meta")


def test_a_device_without_float64_is_not_asked_for_it() -> None:
    assert DeltaM({"miou": 38.3})._apply(without_float64).total.device.type == "meta"


def test_a_metric_moves_with_the_module_that_holds_it() -> None:
    moved = nn.Sequential(DeltaM({"miou": 38.3})).to("meta", torch.bfloat16)[0]
    assert (moved.device.type, moved.baseline.device.type, moved.baseline.dtype) == ("meta", "meta", torch.float64)  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


def test_a_reset_keeps_the_dtype() -> None:
    metric = nn.Sequential(DeltaM({"miou": 38.3})).bfloat16()[0]
    metric.reset()  # type: ignore[operator]  # A part of a network, typed as any module.
    assert metric.total.dtype == torch.float64


def test_set_dtype_still_changes_the_dtype() -> None:
    assert DepthErrors().set_dtype(torch.float32).totals.dtype == torch.float32


def test_a_dtype_that_was_set_stays_when_the_network_takes_another() -> None:
    score = DeltaM({"miou": 38.3}).set_dtype(torch.float32)
    assert torch.nn.Sequential(score).to(torch.bfloat16)[0].total.dtype == torch.float32
