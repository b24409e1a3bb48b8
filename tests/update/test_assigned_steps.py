"""The module's attributes stay the user's in a fit: what is assigned or deleted at any moment is what is trained."""

from typing import Any

import pytest
import torch
from both_modes import MODES
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum
from toy import TASKS, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, RobustGO4Align
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.misconfiguration import MisconfigurationException


class WithLoss(Toy):
    """Returns what could be trained without a method, too."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return {"loss": torch.stack([*losses.values()]).sum(), "task_losses": losses}


class Assigns(WithLoss):
    """Assigns another step of the same losses in one of its hooks."""

    moment = ""

    def second_step(self, batch: Any, batch_idx: int) -> Any:
        return super().training_step(batch, batch_idx)

    def assign(self, *_: Any, **__: Any) -> None:
        self.training_step = self.second_step  # type: ignore[method-assign]  # As a user does.

    def __init__(self, moment: str) -> None:
        super().__init__()
        setattr(self, moment, self.assign)


MOMENTS = [
    "setup",
    "configure_model",
    "on_fit_start",
    "on_train_start",
    "on_train_epoch_start",
    "on_train_batch_start",
]


def trained(module: Toy, optimization: Optimization) -> tuple[Tensor, list[str]]:
    callback = MultiTaskCallback(RobustGO4Align(), optimization)
    quiet_trainer(callbacks=callback).fit(module, loader())
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()]), callback.tasks


@MODES
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_step_that_is_assigned_in_a_fit_is_weighed_as_any(moment: str, optimization: Optimization) -> None:
    torch.manual_seed(0)
    expected, _ = trained(WithLoss(), optimization)
    torch.manual_seed(0)
    module = Assigns(moment)
    found, tasks = trained(module, optimization)
    assert torch.equal(found, expected)
    assert tasks == list(TASKS)
    assert vars(module)["training_step"] == module.second_step


def test_steps_may_be_assigned_again_and_deleted() -> None:
    called: list[int] = []

    class InPhases(WithLoss):
        @override
        def on_train_epoch_start(self) -> None:
            epoch = self.current_epoch
            if epoch == 3:
                del self.training_step
            else:
                self.training_step = lambda batch, batch_idx: self.phase(epoch, batch)  # type: ignore[method-assign]  # As a user does.

        def phase(self, epoch: int, batch: Any) -> Any:
            called.append(epoch)
            return self.losses(batch)

    module, callback = InPhases(), MultiTaskCallback(RobustGO4Align())
    quiet_trainer(callbacks=callback, max_epochs=4).fit(module, loader())
    assert called == [epoch for epoch in range(3) for _ in range(5)]
    assert callback.num_steps == 20
    assert "training_step" not in vars(module)


def test_a_step_that_replaces_itself_while_it_runs_is_followed_by_the_new_one() -> None:
    class Replacing(WithLoss):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.training_step = self.late_step  # type: ignore[method-assign]  # As a user does.
            return {"late": self.losses(batch)["b"]}

        def late_step(self, batch: Any, batch_idx: int) -> Any:
            return {"late": self.losses(batch)["a"]}

    module, callback = Replacing(), MultiTaskCallback(Sum())
    quiet_trainer(callbacks=callback, max_epochs=1).fit(module, loader())
    losses = module.training_step(next(iter(loader())), 0)
    assert callback.tasks == list(losses) == ["late"]


def test_a_step_that_is_a_property_is_refused_in_words() -> None:
    class WithProperty(Toy):
        @property
        def training_step(self) -> Any:
            return lambda batch, batch_idx: self.losses(batch)

    with pytest.raises(MisconfigurationException, match="Make it a method"):
        quiet_trainer(callbacks=MultiTaskCallback(Sum())).fit(WithProperty(), loader())


@MODES
def test_optimizers_that_setup_assigns_are_driven(optimization: Optimization) -> None:
    class Late(Toy):
        @override
        def setup(self, stage: str) -> None:
            self.configure_optimizers = self.two  # type: ignore[method-assign]  # As a user does.

        def two(self) -> Any:
            return [torch.optim.SGD(part.parameters(), 1e-3) for part in (self.trunk, self.heads)]

    module, callback = Late(), MultiTaskCallback(Sum(), optimization)
    trainer = quiet_trainer(callbacks=callback, max_epochs=1)
    if optimization == "automatic":
        with pytest.raises(MisconfigurationException, match="`optimization='manual'`, which drives them all"):
            trainer.fit(module, loader())
    else:
        trainer.fit(module, loader())
        assert trainer.global_step == 5


@pytest.mark.parametrize("moment", ["setup", "on_train_start"])
def test_a_backward_that_is_assigned_in_a_fit_is_refused_by_aggregators(moment: str) -> None:
    class Late(Toy):
        def assign(self, *_: Any, **__: Any) -> None:
            self.backward = self.own_backward  # type: ignore[method-assign]  # As a user does.

        def own_backward(self, loss: Tensor) -> None:
            loss.backward()

    module = Late()
    setattr(module, moment, module.assign)
    with pytest.raises(MisconfigurationException, match="past the `backward` of Late"):
        quiet_trainer(callbacks=MultiTaskCallback(UPGrad())).fit(module, loader())


def test_what_is_put_around_a_backward_stays_and_calls_it() -> None:
    called: list[str] = []

    class Late(Toy):
        @override
        def on_fit_start(self) -> None:
            self.inner = self.backward
            self.backward = self.counted  # type: ignore[method-assign, assignment]  # As a user does.

        def counted(self, *given: Any) -> None:
            called.append("backward")
            self.inner(*given)

    module: Any = Late()
    quiet_trainer(callbacks=MultiTaskCallback(UPGrad()), max_epochs=1).fit(module, loader())
    assert len(called) == 5
    loss = module.trunk(torch.ones(1, 4)).sum()
    module.zero_grad()
    module.backward(loss)
    assert len(called) == 6
    assert module.trunk[0].weight.grad is not None


@MODES
@pytest.mark.parametrize("moment", [*MOMENTS, "configure_optimizers"])
def test_a_module_that_says_late_that_it_steps_itself_is_refused(moment: str, optimization: Optimization) -> None:
    class Late(Toy):
        def assign(self, *_: Any, **__: Any) -> Any:
            self.automatic_optimization = False
            return torch.optim.SGD(self.parameters(), 1e-3)

    module: Any = Late()
    before = module.trunk[0].weight.detach().clone()
    setattr(module, moment, module.assign)
    with pytest.raises(MisconfigurationException, match="Remove that line and the optimizer calls"):
        quiet_trainer(callbacks=MultiTaskCallback(Sum(), optimization)).fit(module, loader())
    assert torch.equal(module.trunk[0].weight, before)
