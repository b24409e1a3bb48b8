"""What waits to be read is what each step found, also where a method finds it in the same memory every time."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from capturing import Tape, as_on_a_device
from torch import Tensor
from torchjd.scalarization import Scalarizer
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.update import WatchedSteps


class Steps(pl.Callback):
    """Takes the steps as a monitor does, whenever the host reads."""

    def __init__(self) -> None:
        self.taken: list[WatchedSteps] = []

    def record_steps(self, steps: WatchedSteps) -> None:
        self.taken.append(steps)

    def log_steps(self, trainer: pl.Trainer) -> dict[str, float]:
        return {}


class Replayed(Scalarizer):
    """Finds its weights by replaying what the second call did, in the memory of that call, as a CUDA graph would."""

    def __init__(self, method: GO4Align | RobustGO4Align) -> None:
        super().__init__()
        self.method = method
        self.tape: Tape | None = None
        self.task_weights: Tensor | None = None
        self.calls = 0

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        self.calls += 1
        if self.calls == 1:
            weights = self.method.weigh(losses.detach().double())
        elif self.tape is None:
            self.losses = losses.detach().double()
            with Tape() as self.tape:
                self.task_weights = self.method.weigh(self.losses)
            weights = self.task_weights
        else:
            assert self.task_weights is not None
            self.losses.copy_(losses.detach())
            self.tape.replay()
            weights = self.task_weights
        self.indicators, self.grouping = self.method.indicators, self.method.grouping
        self.task_weights = weights
        return losses @ weights.to(losses.dtype)


class InPlace(Scalarizer):
    """Writes its weights into the same tensor in each step."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("task_weights", torch.ones(3))
        self.task_weights: Tensor

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        self.task_weights.copy_(losses.detach() / losses.detach().sum())
        return losses @ self.task_weights.clone()


def watched(method: Any) -> WatchedSteps:
    steps = Steps()
    torch.manual_seed(0)
    with as_on_a_device():
        quiet_trainer(callbacks=[MultiTaskCallback(method), steps], max_epochs=1).fit(Toy(), loader())
    joined = [torch.cat(parts) for parts in list(zip(*steps.taken, strict=True))[1:]]
    return WatchedSteps(steps.taken[0].tasks, *joined)


@pytest.mark.parametrize("make", [lambda: GO4Align(2, 0.1), lambda: RobustGO4Align(2)], ids=["GO4Align", "robust"])
def test_steps_of_a_replayed_method_are_told_as_they_were(make: Any) -> None:
    found, expected = watched(Replayed(make())), watched(make())
    assert len(expected.weights) == 5
    assert len(expected.weights.unique(dim=0)) == 5
    assert torch.equal(found.groups, expected.groups)
    torch.testing.assert_close(found.weights, expected.weights)
    torch.testing.assert_close(found.indicators, expected.indicators)


def test_steps_of_a_method_that_works_in_place_are_told_as_they_were() -> None:
    found = watched(InPlace())
    torch.testing.assert_close(found.weights, found.losses / found.losses.sum(1, keepdim=True))
    assert len(found.weights.unique(dim=0)) == 5
