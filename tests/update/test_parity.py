"""Whatever the Trainer is told keeps its meaning: the reference is automatic optimization written by hand."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning.pytorch import callbacks
from lightning.pytorch.callbacks import GradientAccumulationScheduler, StochasticWeightAveraging
from lightning.pytorch.plugins import MixedPrecision
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torchjd.scalarization import Sum
from toy import BalancedToy, Outcome, Reference, Toy, outcome

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


def adam(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.Adam(module.parameters(), 1e-2)


def scheduled(scheduler: Callable[..., Any], **options: Any) -> Callable[[Toy], Any]:
    def optimizers(module: Toy) -> Any:
        optimizer = adam(module)
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": scheduler(optimizer), **options}}

    return optimizers


def halved(optimizer: torch.optim.Optimizer) -> StepLR:
    return StepLR(optimizer, 1, 0.5)


def plateau(optimizer: torch.optim.Optimizer) -> ReduceLROnPlateau:
    return ReduceLROnPlateau(optimizer, mode="max", patience=0)  # The loss falls: every look lowers the rate.


def scaler() -> MixedPrecision:
    return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=2.0**15, growth_interval=3))


Make = Callable[[], Any]
PER_STEP = {"optimizer": scheduled(halved, interval="step", frequency=2)}
SCENARIOS: dict[str, tuple[dict[str, Any], Callable[[], dict[str, Any]]]] = {
    "Adam": ({}, dict),
    "SGD": ({"optimizer": lambda m: torch.optim.SGD(m.parameters(), 1e-4, 0.9)}, dict),
    "LBFGS": ({"optimizer": lambda m: torch.optim.LBFGS(m.parameters(), 1e-2, max_iter=3)}, dict),
    "clip by norm": ({}, lambda: {"gradient_clip_val": 0.5}),
    "clip by value": ({}, lambda: {"gradient_clip_val": 0.1, "gradient_clip_algorithm": "value"}),
    "accumulation with a ragged last window": ({}, lambda: {"accumulate_grad_batches": 3}),
    "accumulation, clip, StepLR per step": (
        {"optimizer": scheduled(halved, interval="step")},
        lambda: {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5},
    ),
    "accumulation of LBFGS": (
        {"optimizer": lambda m: torch.optim.LBFGS(m.parameters(), 1e-2, max_iter=3)},
        lambda: {"accumulate_grad_batches": 3},
    ),
    "GradientAccumulationScheduler": ({}, lambda: {"callbacks": [GradientAccumulationScheduler({0: 2, 1: 3})]}),
    "StepLR per step": (PER_STEP, dict),
    "StepLR per epoch": ({"optimizer": scheduled(halved)}, dict),
    "ReduceLROnPlateau per epoch": (
        {"optimizer": scheduled(plateau, monitor="val/total")},
        lambda: {"max_epochs": 3},
    ),
    "ReduceLROnPlateau per step": (
        {"optimizer": scheduled(plateau, monitor="val/total", interval="step", frequency=2, strict=False)},
        lambda: {"val_check_interval": 2},
    ),
    "bf16-mixed": ({}, lambda: {"precision": "bf16-mixed", "gradient_clip_val": 0.5}),
    "fp16 scaler with clip": ({}, lambda: {"plugins": [scaler()], "gradient_clip_val": 0.5}),
    "fp16 scaler with accumulation": ({}, lambda: {"plugins": [scaler()], "accumulate_grad_batches": 3}),
    "64-true": ({}, lambda: {"precision": "64-true"}),
    "bf16-true": ({}, lambda: {"precision": "bf16-true"}),
    "detect_anomaly": ({}, lambda: {"detect_anomaly": True}),
    "SWA": ({}, lambda: {"callbacks": [StochasticWeightAveraging(1e-3, 0.3, 1)], "max_epochs": 3}),
    "SWA with BatchNorm": (
        {"normalized": True},
        lambda: {"callbacks": [StochasticWeightAveraging(1e-3, 0.3, 1)], "max_epochs": 3},
    ),
    "overfit_batches": ({}, lambda: {"overfit_batches": 2}),
    "fast_dev_run": ({}, lambda: {"fast_dev_run": 2}),
    "barebones": ({}, lambda: {"barebones": True, "logger": None, "enable_checkpointing": None}),
    "max_steps within accumulation": (
        {},
        lambda: {"max_steps": 4, "accumulate_grad_batches": 3, "max_epochs": -1},
    ),
    "IterableDataset": ({}, lambda: {"iterable": True, "accumulate_grad_batches": 3}),
    "steps that return None": ({"skipped": 3}, dict),
    "None with accumulation": ({"skipped": 3}, lambda: {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5}),
    "None with the fp16 scaler": ({"skipped": 3}, lambda: {"plugins": [scaler()], "gradient_clip_val": 0.5}),
}
if hasattr(callbacks, "EMAWeightAveraging"):  # Since Lightning 2.6.
    SCENARIOS["EMA"] = ({"normalized": True}, lambda: {"callbacks": [callbacks.EMAWeightAveraging(decay=0.9)]})
METHODS = {"Sum": Sum, "GO4Align": lambda: GO4Align(2, 1e-2)}


def by_reference(method: Make, options: dict[str, Any], trainer: dict[str, Any]) -> Outcome:
    torch.manual_seed(0)
    return outcome(Reference(method(), **options), **trainer)


def by_callback(
    method: Make, options: dict[str, Any], trainer: dict[str, Any], optimization: Optimization
) -> Outcome:
    torch.manual_seed(0)
    return outcome(Toy(**options), MultiTaskCallback(method(), optimization), **trainer)


def by_module(method: Make, options: dict[str, Any], trainer: dict[str, Any]) -> Outcome:
    torch.manual_seed(0)
    return outcome(BalancedToy(method(), **options), **trainer)


def assert_same(found: Outcome, expected: Outcome) -> None:
    assert found.rates == expected.rates
    assert found.hooks == expected.hooks
    assert found.steps == expected.steps
    different = [n for n, value in expected.parameters.items() if not torch.equal(found.parameters[n], value)]
    assert different == []


@pytest.mark.filterwarnings("ignore:`training_step` returned `None`")
@pytest.mark.filterwarnings("ignore:When using `Trainer.accumulate_grad_batches")
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
def test_every_door_gives_the_bits_of_automatic_optimization_written_by_hand(
    scenario: tuple[dict[str, Any], Callable[[], dict[str, Any]]], method: Make
) -> None:
    options, trainer = scenario
    expected = by_reference(method, options, trainer())
    assert_same(by_callback(method, options, trainer(), "manual"), expected)
    assert_same(by_callback(method, options, trainer(), "automatic"), expected)
    assert_same(by_module(method, options, trainer()), expected)
