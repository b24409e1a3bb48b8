"""A `training_step` that the user calls is his own: it returns what he wrote, and no method learns from it."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Random
from toy import TASKS, BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align

METHODS: dict[str, Any] = {
    "GO4Align": lambda: GO4Align(2),
    "RobustGO4Align": RobustGO4Align,
    "DWA": DWA,
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "Random": Random,
    "UPGrad": UPGrad,
}


class Calls(pl.Callback):
    """Calls the step from hooks around the training of each batch, as one who looks at a fixed batch does."""

    def __init__(self, batch: Any) -> None:
        self.batch, self.returned = batch, list[Any]()

    @torch.no_grad()
    def call(self, *given: Any, **_: Any) -> None:
        self.returned.append(given[1].training_step(self.batch, 0))

    on_train_epoch_start = on_train_batch_start = on_before_optimizer_step = call
    on_train_batch_end = on_train_epoch_end = call


class Shares(Toy):
    """Validates by its training step."""

    def __init__(self) -> None:
        torch.manual_seed(0)
        super().__init__()
        self.returned: list[Any] = []

    @override
    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.returned.append(self.training_step(batch, batch_idx))


def trained(module: Toy, callback: MultiTaskCallback, *others: pl.Callback, **options: Any) -> tuple[Tensor, str]:
    trainer = quiet_trainer(max_epochs=3, callbacks=[callback, *others], val_check_interval=2, **options)
    trainer.fit(module, loader(), loader())
    parameters = torch.cat([parameter.detach().flatten() for parameter in module.parameters()])
    return parameters, repr(callback.state_dict())


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_validation_that_shares_the_training_step_changes_nothing(make: Any, optimization: Any) -> None:
    torch.manual_seed(0)
    alone, state = trained(Toy(), MultiTaskCallback(make(), optimization), num_sanity_val_steps=2)
    shared, same = trained(module := Shares(), MultiTaskCallback(make(), optimization), num_sanity_val_steps=2)
    assert torch.equal(shared, alone)
    assert same == state
    assert {tuple(losses) for losses in module.returned} == {TASKS}


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_calls_from_hooks_of_a_callback_change_nothing(make: Any) -> None:
    calls = Calls(next(iter(loader())))
    torch.manual_seed(0)
    alone, state = trained(Toy(), MultiTaskCallback(make()))
    torch.manual_seed(0)
    watched, same = trained(Toy(), MultiTaskCallback(make()), calls)
    assert torch.equal(watched, alone)
    assert same == state
    assert {tuple(losses) for losses in calls.returned} == {TASKS}


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_calls_with_gradients_from_a_hook_of_training_change_nothing(make: Any) -> None:
    class Looks(Toy):
        def __init__(self, hook: str = "") -> None:
            torch.manual_seed(0)
            super().__init__()
            self.returned: list[Any] = []
            if hook:
                setattr(self, hook, self.look)

        def look(self, *given: Any) -> None:
            self.returned.append(self.training_step(next(iter(loader())), 0))

    alone, state = trained(Looks(), MultiTaskCallback(make()))
    for hook in ("on_train_batch_start", "on_before_optimizer_step", "on_train_batch_end"):
        looked, same = trained(module := Looks(hook), MultiTaskCallback(make()))
        assert torch.equal(looked, alone)
        assert same == state
        assert {tuple(losses) for losses in module.returned} == {TASKS}


def test_a_validation_with_gradients_changes_nothing() -> None:
    class WithGradients(Shares):
        @override
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            with torch.enable_grad():
                super().validation_step(batch, batch_idx)

    ends = [trained(kind(), MultiTaskCallback(GO4Align(2)), inference_mode=False) for kind in (Shares, WithGradients)]
    assert torch.equal(ends[0][0], ends[1][0])
    assert ends[0][1] == ends[1][1]


def test_a_module_that_balances_itself_shares_its_step_as_well() -> None:
    class Balanced(BalancedToy, Shares): ...

    module = Balanced(GO4Align(2))
    quiet_trainer(max_epochs=2).fit(module, loader(), loader())
    assert {tuple(losses) for losses in module.returned} == {TASKS}
