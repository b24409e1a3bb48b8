"""What ``load_state_dict`` of a method's own leaves, where the state is not the method's or lacks a part."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.scalarization import GeometricMean

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import (
    DBMTL,
    LDCMTL,
    GO4Align,
    GroupedScalarizer,
    Level,
    RelativeHistory,
    RobustGO4Align,
    Smoothness,
    WindowedDWA,
)

METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2),
    "GO4Align of a chosen number": lambda: GO4Align(None, clustering=AutomaticKMeans()),
    "RobustGO4Align": lambda: RobustGO4Align(history=RelativeHistory()),
    "RobustGO4Align with a level": lambda: RobustGO4Align(scale=Level()),
    "WindowedDWA": lambda: WindowedDWA(2),
    "Smoothness": Smoothness,
    "DBMTL": DBMTL,
    "LDCMTL": lambda: LDCMTL(3),
    "groups": lambda: GroupedScalarizer(GeometricMean()),
}


def trained(make: Callable[[], Any]) -> Any:
    method = make()
    for step in range(1, 5):
        losses = torch.tensor([1.0, 2.0, 3.0]) * step
        if isinstance(method, DBMTL):
            method.observe_losses(losses)
            losses = torch.arange(12.0).reshape(3, 4)
        method(losses)
    return method


def kept(method: Any) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in method.state_dict().items()}


def is_kept(before: dict[str, Tensor], method: Any) -> bool:
    after = method.state_dict()
    return before.keys() == after.keys() and all(torch.equal(before[name], after[name]) for name in before)


every_method = pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in METHODS.items()])


@every_method
@pytest.mark.parametrize("state", [{}, {"foreign": torch.zeros(2)}], ids=["empty", "foreign"])
def test_a_refused_state_leaves_what_was_learned(make: Callable[[], Any], state: dict[str, Tensor]) -> None:
    method = trained(make)
    before = kept(method)
    with pytest.raises(RuntimeError, match="Missing key"):
        method.load_state_dict(state)
    assert is_kept(before, method)


@every_method
def test_what_a_state_lacks_stays_and_is_told_as_missing(make: Callable[[], Any]) -> None:
    method = trained(make)
    before = kept(method)
    assert set(method.load_state_dict({}, strict=False).missing_keys) == before.keys()
    assert is_kept(before, method)


@every_method
def test_a_new_method_takes_the_sizes_of_a_state(make: Callable[[], Any]) -> None:
    method, new = trained(make), make()
    new.load_state_dict(method.state_dict())
    assert is_kept(kept(method), new)


def test_what_is_no_tensor_is_refused_and_leaves_what_was_learned() -> None:
    method = trained(lambda: GO4Align(2))
    before = kept(method)
    with pytest.raises(RuntimeError, match="log_smoothness"):
        method.load_state_dict({"log_smoothness": "a word"})
    assert is_kept(before, method)
