"""A total among the task losses would count its parts twice: it is told in the first step."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, RobustGO4Align

Losses = dict[str, Tensor]

TOTALS: dict[str, Callable[[Losses], Tensor]] = {
    "sum": lambda losses: torch.as_tensor(sum(losses.values())),
    "stacked": lambda losses: torch.stack([*losses.values()]).sum(),
    "mean": lambda losses: torch.stack([*losses.values()]).mean(),
    "weighted": lambda losses: losses["a"] + 0.1 * losses["b"] + 0.01 * losses["c"].float(),
    "regularized": lambda losses: (losses["a"] * 0.5 + losses["b"] + losses["c"]) / 3 + _deep(losses["a"].detach()),
}


def _deep(value: Tensor) -> Tensor:
    parameter = value.clone().requires_grad_()
    for _ in range(2000):
        parameter = parameter * 0.999
    return parameter


class Total(Toy):
    make: Callable[[Losses], dict[str, Tensor]] = staticmethod(lambda losses: losses)

    @override
    def losses(self, batch: Any) -> Any:
        losses = super().losses(batch)
        return losses | self.make(losses)


def module_with(make: Callable[[Losses], Losses]) -> Toy:
    module = Total()
    module.make = make
    return module


def fit(module: Toy, method: Any, **callback: Any) -> None:
    quiet_trainer(max_epochs=2, callbacks=[MultiTaskCallback(method, **callback)]).fit(module, loader())


@contextmanager
def nothing_told() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message="Task losses are made of others")
        yield


@pytest.mark.parametrize("total", TOTALS)
@pytest.mark.parametrize("method", [Sum, RobustGO4Align, UPGrad])
def test_a_total_is_told_with_what_it_is_made_of_once(method: Any, total: str) -> None:
    module = module_with(lambda losses: {"total": TOTALS[total](losses)})
    with pytest.warns(UserWarning, match=r"that of 'total' of \['a', 'b', 'c'\]\. If it is their sum, leave") as told:
        fit(module, method())
    assert len([warning for warning in told if "made of others" in str(warning.message)]) == 1


def test_a_loss_under_two_names_is_told() -> None:
    with pytest.warns(UserWarning, match=r"that of 'again' of \['b'\]\."):
        fit(module_with(lambda losses: {"again": losses["b"]}), Sum())


def test_totals_of_totals_are_told_each() -> None:
    def make(losses: Losses) -> Losses:
        first = losses["a"] + losses["b"]
        return {"first": first, "second": first + losses["c"]}

    with pytest.warns(UserWarning, match=r"'first' of \['a', 'b'\]; that of 'second' of \['c', 'first'\]\."):
        fit(module_with(make), Sum())


@pytest.mark.parametrize("picked", [False, True])
def test_a_total_beside_the_losses_is_no_task(picked: bool) -> None:
    class Beside(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = self.losses(batch)
            total = torch.stack([*losses.values()]).sum()
            return {"loss": total, "parts": losses} if picked else {"task_losses": losses, "total": total}

    options: dict[str, Any] = {"losses": lambda module, output, batch: output["parts"]} if picked else {}
    with nothing_told():
        fit(Beside(), Sum(), **options)


def parted(losses: Losses) -> Losses:
    """All of them anew, as parts of one tensor."""
    return dict(zip(losses, torch.stack([*losses.values()]).unbind(), strict=True))


def apart(losses: Losses) -> Losses:
    """One more with a graph of its own."""
    return {"d": _deep(losses["a"].detach())}


def summed(losses: Losses) -> Losses:
    """One that takes the place of what it is made of."""
    return {"a": losses["a"] + losses["b"], "b": 2 * losses["c"], "c": 3 * losses["c"]}


@pytest.mark.parametrize("make", [parted, apart, summed])
def test_losses_of_their_own_are_not(make: Callable[[Losses], Losses]) -> None:
    with nothing_told():
        fit(module_with(make), Sum())
