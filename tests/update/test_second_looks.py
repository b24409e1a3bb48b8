"""What a training step moves is moved once, also where FAMO looks at the batch a second time."""

from typing import Any

import pytest
import torch
from torch import nn
from torchjd.scalarization import FAMO, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

STEPS = 5


class Moving(Toy):
    """Counts its steps in whatever a module can keep."""

    in_place: torch.Tensor
    assigned: torch.Tensor
    made: torch.Tensor | None

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("in_place", torch.zeros(()))
        self.register_buffer("assigned", torch.zeros(()))
        self.register_buffer("made", None)
        self.teacher = nn.Linear(1, 1).requires_grad_(False)
        self.still = nn.Linear(1, 1).requires_grad_(False)
        self.loose = nn.Parameter(torch.zeros(()))  # no optimizer has it
        nn.init.zeros_(self.teacher.weight)

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        with torch.no_grad():
            self.in_place += 1
            self.assigned = self.assigned + 1
            self.made = torch.ones(()) if self.made is None else self.made + 1
            self.teacher.weight.add_(1)
            self.loose.add_(1)
        return self.losses(batch)

    @override
    def configure_optimizers(self) -> Any:
        return torch.optim.SGD([*self.trunk.parameters(), *self.heads.parameters()], 1e-4)


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", [lambda: FAMO(3), Sum], ids=["FAMO", "one look"])
def test_all_that_a_step_moves_is_moved_once(make: Any, optimization: Optimization) -> None:
    module = Moving()
    still = module.still.weight.clone()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(make(), optimization), max_epochs=1)
    trainer.fit(module, loader())
    moved = [module.in_place, module.assigned, module.made, module.teacher.weight, module.loose]
    assert [None if value is None else value.item() for value in moved] == [STEPS] * len(moved)
    assert trainer.global_step == STEPS
    assert torch.equal(module.still.weight, still)


def test_a_buffer_that_the_step_assigned_is_the_same_tensor_afterwards() -> None:
    kept: list[torch.Tensor] = []

    class Kept(Moving):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = super().training_step(batch, batch_idx)
            if torch.is_grad_enabled():
                kept.append(self.assigned)
            return losses

        @override
        def on_train_batch_end(self, *_: Any) -> None:
            assert self.assigned is kept[-1]

    quiet_trainer(callbacks=MultiTaskCallback(FAMO(3)), max_epochs=1).fit(Kept(), loader())
    assert len(kept) == STEPS


class Forces(Toy):
    """Predicts an energy and its gradient, for which its step differentiates."""

    @override
    def losses(self, batch: Any) -> dict[str, torch.Tensor]:
        positions = batch[0].clone().requires_grad_()
        energy = self.heads["a"](self.trunk(positions))[:, 0]
        [forces] = torch.autograd.grad(energy.sum(), [positions], create_graph=True)
        return {"energy": (energy - batch[1]).square().mean(), "forces": (forces - 1).square().mean()}


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_step_that_differentiates_is_looked_at_again_with_gradients(optimization: Optimization) -> None:
    seen: list[torch.Tensor] = []

    class Seeing(FAMO):
        def update(self, losses: torch.Tensor) -> None:
            seen.append(losses)
            super().update(losses)

    module = Forces()
    quiet_trainer(callbacks=MultiTaskCallback(Seeing(2), optimization), max_epochs=1).fit(module, loader())
    assert len(seen) == STEPS
    last = list(loader())[-1]
    torch.testing.assert_close(seen[-1], torch.stack(list(module.losses(last).values())).detach())
    assert not seen[-1].requires_grad
