"""Lightning's tuners run the loop with callbacks of their own."""

from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import LearningRateFinder
from lightning.pytorch.tuner.tuning import Tuner
from torchjd.scalarization import FAMO, UW, Sum
from toy import Reference, Toy, loader, outcome, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import SI
from lightning_go4align.update.given_method import Optimization

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


class Tuned:
    """A learning rate for the finder to set."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lr = 1e-3
        self.batch_size = 2

    def configure_optimizers(self: Any) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), self.lr)

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(loader().dataset, batch_size=self.batch_size)


class TunedToy(Tuned, Toy): ...


class TunedReference(Tuned, Reference): ...


def finder(**options: Any) -> LearningRateFinder:
    return LearningRateFinder(1e-5, 1e-1, num_training_steps=12, early_stop_threshold=None, **options)


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # The tuners write their checkpoints to the working folder.


@MODES
@pytest.mark.parametrize("number", [1, 3])
def test_lr_find_sees_the_losses_of_automatic_optimization_written_by_hand(
    optimization: Optimization, number: int
) -> None:
    def find(module: Any, *callbacks: Any) -> Any:
        trainer = quiet_trainer(callbacks=list(callbacks), accumulate_grad_batches=number)
        options: dict[str, Any] = {"min_lr": 1e-5, "max_lr": 1e-1, "num_training": 12, "early_stop_threshold": None}
        return Tuner(trainer).lr_find(module, loader(), **options)

    torch.manual_seed(0)
    expected = find(TunedReference(Sum()))
    torch.manual_seed(0)
    found = find(TunedToy(), MultiTaskCallback(Sum(), optimization))
    assert len(found.results["lr"]) == (10 if number == 1 else 2)
    assert found.results == expected.results
    assert found.suggestion(0, 0) == expected.suggestion(0, 0)


@MODES
@pytest.mark.parametrize("first", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("method", [lambda: GO4Align(2, 1e-2), lambda: FAMO(3), lambda: UW(3)])
def test_training_after_the_finder_is_as_if_it_had_not_run(
    method: Any, first: bool, optimization: Optimization
) -> None:
    def run(*finders: Any) -> Any:
        torch.manual_seed(0)
        callback = MultiTaskCallback(method(), optimization)
        callbacks = [*finders, callback] if first else [callback, *finders]
        return outcome(TunedToy(), *callbacks, accumulate_grad_batches=2), callback

    found, with_finder = run(finder(update_attr=False))
    expected, without = run()
    assert all(torch.equal(found.parameters[name], value) for name, value in expected.parameters.items())
    assert torch.equal(with_finder.last_step.weights, without.last_step.weights)
    assert found.steps == expected.steps


def test_scale_batch_size_leaves_the_method_as_it_was() -> None:
    torch.manual_seed(0)
    module, callback = TunedToy(), MultiTaskCallback(GO4Align(2, 1e-2))
    module.val_dataloader = loader  # type: ignore[method-assign]  # As a user does in a notebook.
    trainer = quiet_trainer(callbacks=callback, max_epochs=1)
    Tuner(trainer).scale_batch_size(module, mode="power", max_trials=2, steps_per_trial=2, init_val=2)
    assert callback.method.smoothness is None or torch.equal(callback.method.smoothness, torch.full((3,), 1 / 3))  # type: ignore[arg-type]  # None before the first step only.


@MODES
@pytest.mark.parametrize("method", [RobustGO4Align, SI, lambda: GO4Align(2, 1e-2), lambda: UW(3)])
def test_the_finder_sees_losses_at_fixed_weights_and_not_an_objective_that_moves_by_itself(
    method: Any, optimization: Optimization
) -> None:
    torch.manual_seed(0)
    module, seen = TunedToy(), []
    step = module.training_step

    def training_step(*args: Any) -> Any:
        losses = step(*args)
        seen.append(torch.stack(list(losses.values())).detach())
        return losses

    module.training_step = training_step  # type: ignore[assignment, method-assign]  # As a decorator does.
    callback = MultiTaskCallback(method(), optimization)
    options: dict[str, Any] = {"min_lr": 1e-9, "max_lr": 1e-8, "num_training": 12, "early_stop_threshold": None}
    found = Tuner(quiet_trainer(callbacks=callback)).lr_find(module, loader(), **options)
    fresh, first = method(), seen[0].clone().requires_grad_()
    [weights] = torch.autograd.grad(fresh(first), first)
    mean, expected = 0.0, []
    for number, losses in enumerate(seen, start=1):
        mean = 0.98 * mean + 0.02 * (weights @ losses).item()
        expected.append(mean / (1 - 0.98 ** (number + 1)))
    assert found is not None
    assert found.results["loss"] == pytest.approx(expected[: len(found.results["loss"])], rel=1e-4)
