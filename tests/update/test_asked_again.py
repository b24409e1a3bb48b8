"""An optimizer may ask for one batch several times: it is answered by one function, and a method learns once."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils.data import DataLoader
from torchjd.scalarization import DWA, FAMO, STCH, UW, GeometricMean, Random, Scalarizer, Sum
from toy import Batch, Toy, loader, quiet_trainer, rows

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import SI
from lightning_go4align.update.given_method import Optimization

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


class Twice(torch.optim.SGD):
    """Asks for the batch at two places, as SAM does."""

    def step(self, closure: Any = None) -> Any:
        closure()
        with torch.no_grad():
            for parameter in self.param_groups[0]["params"]:
                parameter += 1e-3
        return super().step(closure)


def asking(module: Toy) -> torch.optim.Optimizer:
    return Twice(module.parameters(), 1e-4)


def searching(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.LBFGS(module.parameters(), 0.3, max_iter=5)


class Counting(RobustGO4Align):
    """Counts what it is asked."""

    number = 0

    def forward(self, losses: Tensor) -> Tensor:
        self.number += 1
        return super().forward(losses)


@MODES
@pytest.mark.parametrize("optimizer", [asking, searching], ids=["SAM", "LBFGS"])
def test_a_method_learns_once_from_each_batch(optimizer: Any, optimization: Optimization) -> None:
    method = Counting()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(method, optimization))
    trainer.fit(Toy(optimizer), loader())
    assert method.number == trainer.global_step == 10


@MODES
@pytest.mark.parametrize(
    "make",
    [GO4Align, RobustGO4Align, lambda: UW(3), lambda: FAMO(3), DWA, Random],
    ids=["GO4Align", "RobustGO4Align", "UW", "FAMO", "DWA", "RLW"],
)
def test_the_weights_of_a_batch_are_those_of_its_first_time(
    make: Callable[[], Scalarizer], optimization: Optimization
) -> None:
    """The gradient of the second time is that of the weighted sum which the record holds."""
    gradients: list[tuple[list[Tensor], Tensor]] = []

    class Watched(Toy):
        def losses(self, batch: Batch) -> dict[str, Tensor]:
            losses = super().losses(batch)
            [first, *_] = self.trunk.parameters()
            each = [torch.autograd.grad(loss, [first], retain_graph=True) for loss in losses.values()]
            self.expected = [gradient for (gradient,) in each]
            return losses

        def on_before_optimizer_step(self, optimizer: Any) -> None:
            found = next(self.trunk.parameters()).grad
            assert found is not None
            gradients.append((self.expected, found.clone()))

    callback = MultiTaskCallback(make(), optimization)
    quiet_trainer(callbacks=callback, max_epochs=1, limit_train_batches=1).fit(Watched(asking), loader())
    assert len(gradients) == 2
    weights = torch.stack(list(callback.task_weights.values()))
    for losses, found in gradients:
        expected = sum(weight * gradient for weight, gradient in zip(weights, losses, strict=True))
        largest = float(expected.abs().max())
        torch.testing.assert_close(found, expected, rtol=0.0, atol=1e-5 * largest, check_dtype=False)


@pytest.mark.parametrize("make", [Sum, SI, GeometricMean, lambda: STCH(1.0)], ids=["Sum", "SI", "GLS", "STCH"])
def test_a_method_without_memory_is_asked_again(make: Callable[[], Scalarizer]) -> None:
    """It is the same function of the losses each time, and more than a linear one."""
    asked: list[Tensor] = []
    method = make()
    method.register_forward_pre_hook(lambda _, losses: asked.append(losses[0].detach()))
    quiet_trainer(callbacks=MultiTaskCallback(method), max_epochs=1).fit(Toy(asking), loader())
    assert len(asked) == 10


@pytest.mark.parametrize("seed", range(4))
def test_a_line_search_does_not_run_away_under_a_method_that_adapts(seed: int) -> None:
    torch.manual_seed(seed)
    method, whole = RobustGO4Align(), DataLoader(rows(), batch_size=36)
    module, trainer = Toy(searching), quiet_trainer(callbacks=MultiTaskCallback(method), max_epochs=30)
    with torch.no_grad():
        before = module.losses(rows()[:])
        trainer.fit(module, whole)
        after = module.losses(rows()[:])
    assert all(after[task] < before[task] for task in before)
