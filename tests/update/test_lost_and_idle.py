"""What is said, logged and published where a whole step comes to nothing."""

import csv
import math
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor, nn
from torchjd.aggregation import Aggregator, CAGrad, UPGrad
from torchjd.scalarization import Sum
from toy import TASKS, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import FixedWeights, WithFactors

LOST, IDLE = "No loss is finite any more", "gave nothing to train the shared parameters with"


class Poisoned(Toy):
    """One loss of NaN makes all parameters NaN, or of some batches all losses are."""

    def __init__(self, poisoned: int, batches: tuple[int, ...] = ()) -> None:
        super().__init__()
        self.poisoned, self.batches = poisoned, batches

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        if self.trainer.global_step == self.poisoned:
            losses["b"] = losses["b"] * torch.nan
        if self.trainer.global_step in self.batches:
            losses = {task: loss + torch.nan for task, loss in losses.items()}
        return losses


def told(callback: MultiTaskCallback, module: Toy, *callbacks: Any, **options: Any) -> tuple[Any, list[str]]:
    """Fit, and return the trainer and the warnings."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        trainer = quiet_trainer(callbacks=[callback, *callbacks], **options)
        trainer.fit(module, loader())
    return trainer, [str(warning.message) for warning in caught]


@pytest.mark.parametrize("make", [RobustGO4Align, lambda: GO4Align(2)], ids=["robust", "GO4Align"])
def test_a_network_of_nan_is_not_the_best(make: Any, tmp_path: Path) -> None:
    best = ModelCheckpoint(tmp_path, monitor="objective", mode="min")
    callback, logger = MultiTaskCallback(make()), CSVLogger(tmp_path)
    options = {"enable_checkpointing": True, "logger": logger, "log_every_n_steps": 1, "max_epochs": 3}
    trainer, said = told(callback, Poisoned(7), best, **options)  # Five batches an epoch.
    assert Path(best.best_model_path).name.startswith("epoch=0-")
    assert math.isnan(trainer.callback_metrics["objective"])
    assert {float(trainer.callback_metrics[f"weight/{task}"]) for task in TASKS} == {0.0}
    assert {float(weight) for weight in callback.task_weights.values()} == {0.0}
    rows = list(csv.DictReader((Path(logger.log_dir) / "metrics.csv").read_text("utf-8").splitlines()))
    lost = [math.isnan(float(row["objective"])) for row in rows if row["objective"]]
    assert lost == [False] * 8 + [True] * 7  # In step 7 two tasks were well.
    assert sum(LOST in message for message in said) == 1
    assert sum("task 'b' was not finite in step 7" in message for message in said) == 1


def test_the_first_step_is_named_where_the_host_looks_later() -> None:
    _, said = told(MultiTaskCallback(RobustGO4Align()), Poisoned(5), max_epochs=3, log_every_n_steps=50)
    (message,) = [message for message in said if "task 'b' was not finite" in message]
    assert "in step 5, and last in step 7" in message  # It looks after steps 1, 2, 4 and 8.


def test_a_batch_of_nan_is_no_end() -> None:
    trainer, said = told(MultiTaskCallback(FixedWeights([1.0, 1.0, 1.0])), Poisoned(99, (4, 9)), max_epochs=3)
    assert not any(LOST in message for message in said)
    assert math.isfinite(trainer.callback_metrics["objective"])


class Units(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"c": losses["c"] * 1e6}


class Nothing(Aggregator):
    """Has no weights, and gives up."""

    def forward(self, matrix: Tensor, /) -> Tensor:
        return 0 * matrix.sum(0)


@pytest.mark.parametrize("make", [lambda: CAGrad(0.4), Nothing], ids=["all weights 0", "no weights"])
def test_a_method_that_trains_nothing_is_told_once(make: Any) -> None:
    module = Units()
    before = [parameter.detach().clone() for parameter in module.trunk.parameters()]
    _, said = told(MultiTaskCallback(make()), module, max_epochs=3)
    assert all(map(torch.equal, before, module.trunk.parameters()))
    (message,) = [message for message in said if IDLE in message]
    assert "in step 0" in message
    assert message.startswith(repr(make())[:6])


class Flat(Toy):
    """The trunk has nothing to learn."""

    def __init__(self) -> None:
        super().__init__()
        nn.init.zeros_(next(self.trunk.parameters()))

    @override
    def losses(self, batch: Any) -> dict[str, Tensor]:
        nothing = 0 * self.trunk(batch[0]).sum()
        biases = {task: next(iter(head.parameters())) for task, head in self.heads.items()}
        return {task: nothing + bias.square().sum() + 1 for task, bias in biases.items()}


@pytest.mark.parametrize(
    ("make", "module"),
    [
        pytest.param(lambda: CAGrad(0.4), Toy, id="CAGrad of like sizes"),
        pytest.param(UPGrad, Units, id="UPGrad"),
        pytest.param(Nothing, Flat, id="there is nothing to train"),
        pytest.param(lambda: WithFactors(Sum(), [0.0, 0.0, 0.0]), Toy, id="the user's own 0"),
    ],
)
def test_an_honest_method_is_left_alone(make: Any, module: Any) -> None:
    assert not any(IDLE in message for message in told(MultiTaskCallback(make()), module(), max_epochs=2)[1])
