"""The page says of weights what the live warning says: nothing of the user's own, and of others what helps them."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torchjd.scalarization import UW, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback, RobustGO4Align
from lightning_go4align.history import History
from lightning_go4align.methods import FixedWeights, LinearWarmup, SingleTask, WithFactors, WithLowerBounds
from lightning_go4align.report.alarms import alarms


def said(history: History) -> str:
    return " ".join(alarm.what for alarm in alarms(history))


class Shifted(Toy):
    """Of losses of one size one is moved by a constant."""

    offset = 0.0

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        pairs = enumerate(self.losses(batch).items())
        losses = {task: loss / ((i + 1) * 10**i) ** 2 for i, (task, loss) in pairs}
        return losses | {"b": losses["b"] + self.offset}


def recorded(method: Any, folder: Path, offset: float = 0.0) -> History:
    module = Shifted()
    module.offset = offset
    callbacks = [MultiTaskCallback(method), GroupDynamicsMonitor(num_pictures=0)]
    quiet_trainer(callbacks=callbacks, max_epochs=15, default_root_dir=folder).fit(module, loader())
    (file,) = folder.rglob("group_dynamics.npz")
    return History.load(file.parent)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(lambda: FixedWeights([1.0, 0.0, 1.0]), id="fixed weights"),
        pytest.param(lambda: SingleTask("b"), id="single task"),
        pytest.param(lambda: WithFactors(RobustGO4Align(), {"b": 0.0}), id="a factor of 0"),
        pytest.param(lambda: WithFactors(Sum(), {"b": LinearWarmup(10**6, end=1e-3)}), id="a small factor"),
    ],
)
def test_a_weight_that_the_user_has_set_is_no_alarm(method: Any, tmp_path: Path) -> None:
    assert said(recorded(method(), tmp_path)) == ""


@pytest.mark.parametrize("method", [Sum, lambda: WithLowerBounds(UW(3), [0.0, -1001.0, 0.0])])
def test_a_constant_in_one_loss_is_no_alarm_for_the_others(method: Any, tmp_path: Path) -> None:
    assert "starves" not in said(recorded(method(), tmp_path, offset=-1000.0))


@pytest.mark.parametrize(
    ("weights", "losses", "notes", "mend"),
    [
        ([0, 1, 1, 1], [-1, 1, 1, 1], {}, "A negative loss has weight 0 in most methods"),
        ([0, 1, 1, 1], [1e6, 1, 1, 1], {"method": str(GO4Align())}, "lower `beta`"),
        ([1e-9, 1, 1, 1], 1.0, {"method": str(Sum())}, "Bring the loss to the size of the others"),
        ([1, 1e9, 1, 1], 1.0, {"method": "WithFactors(Sum(), {})", "own_weights": ["depth"]}, "factors of **depth**"),
    ],
    ids=["negative", "the paper's", "sum", "factors of another"],
)
def test_the_advice_is_that_of_the_cause(make: Any, weights: Any, losses: Any, notes: Any, mend: str) -> None:
    (alarm,) = alarms(make(weights=weights, losses=losses, **notes))
    assert mend in alarm.advice


@pytest.mark.parametrize(("scale", "is_said"), [(1.0, True), (1e-3, False)])
def test_the_robust_method_measures_a_task_on_its_scale(make: Any, scale: float, is_said: bool) -> None:
    """Three losses lie far from 0: of what they vary by the last one has its part."""
    history = make(weights=1.0, losses=[1000.0, 1000.0, 1000.0, 1e-4], method=str(RobustGO4Align()))
    rows = np.broadcast_to(np.array([1 / scale, 1 / scale, 1 / scale, 1e4], np.float32), (60, 4))
    assert ("starves" in said(replace(history, indicators=rows))) == is_said
