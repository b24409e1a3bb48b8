"""A loss below a method's domain: the task, its value, the cause and a mend that runs are told."""

import ast
import re
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
import torchjd.scalarization
from sized import Sized, heard
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from torchjd.aggregation import UPGrad
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, GeometricMean
from toy import quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align, methods
from lightning_go4align.methods import (
    DBMTL,
    LDCMTL,
    SI,
    UWSO,
    GroupedScalarizer,
    Level,
    Smoothness,
    WindowedDWA,
    WithFactors,
    WithLearningRate,
    WithLowerBounds,
    why_positive,
)
from lightning_go4align.update.domain import Domain

BOUNDS = [-4.0, 0.0, 0.0]
METHODS: dict[str, Callable[[], Any]] = {
    "UW": lambda: UW(3),
    "IMTL-L": lambda: IMTLL(3),
    "FAMO": lambda: FAMO(3),
    "GLS": GeometricMean,
    "DWA": DWA,
    "DWA as published": WindowedDWA,
    "SI": SI,
    "UW-SO": UWSO,
    "LDC-MTL": lambda: LDCMTL(3),
    "GO4Align": lambda: GO4Align(2),
    "smoothness": Smoothness,
    "robust by levels": lambda: RobustGO4Align(scale=Level()),
    "AGRM over UW": lambda: GroupedScalarizer(UW(3), 2),
    "AGRM over GLS": lambda: GroupedScalarizer(GeometricMean(), 2),
    "AGRM over FAMO": lambda: GroupedScalarizer(FAMO(3), 2),
    "UW at a rate": lambda: WithLearningRate(UW(3)),
    "factors of FAMO": lambda: WithFactors(FAMO(3), {"one": 0.5}),
}


def told(method: Any, *sizes: Any, steps: int = 40) -> str:
    """What is said of losses, in warnings or in the error that ends the run."""
    try:
        return "\n".join(heard(method, *sizes, steps=steps)[0])
    except ValueError as error:
        return str(error)


@pytest.mark.parametrize("passes", [0, 7], ids=["from the start", "in mid-run"])
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_the_task_its_value_and_a_mend_are_told(make: Callable[[], Any], passes: int) -> None:
    found = told(make(), 1.0, lambda batch: 1.0 if batch < passes else -2.5, 1.2)
    assert "The loss of task 'one' was" in found
    assert "-2.5" in found
    assert "needs positive losses, as" in found
    assert "Mend: take" in found
    assert "those of the first step" not in found


def mended(make: Callable[[], Any], mend: str) -> Any:
    """Carry out the expression of a mend: wrap the named part, with the losses' bounds, where it stands."""
    method = make()
    if "min_losses=" in mend:
        return _exchanged(method, FAMO, lambda part: FAMO(3, min_losses=torch.tensor(BOUNDS)))
    call = ast.parse(re.sub(r"\.\.\.", "", mend).replace("[]", repr(BOUNDS)), mode="eval").body
    assert isinstance(call, ast.Call)
    assert isinstance(call.args[0], ast.Call)
    name = ast.unparse(call.args[0].func)
    kind = getattr(methods, name, None) or getattr(torchjd.scalarization, name)
    return _exchanged(method, kind, lambda part: WithLowerBounds(part, BOUNDS))


def _exchanged(method: Any, kind: type, change: Callable[[Any], Any]) -> Any:
    if isinstance(method, kind):
        return change(method)
    for name, part in method.named_children():
        setattr(method, name, _exchanged(part, kind, change))
    return method


@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_the_mend_that_is_told_runs_and_leaves_nothing_to_tell(make: Callable[[], Any]) -> None:
    (mend,) = re.findall(r"`((?:WithLowerBounds|FAMO)\(.*\))`", why_positive(make()) or "")
    falls = [lambda batch, task=task: task + 0.9**batch for task in (0.1, 0.2)]
    assert told(mended(make, mend), lambda batch: -3.0 + 0.9**batch, *falls) == ""


def test_the_mend_of_an_aggregator_is_no_wrapper_of_scalarizers() -> None:
    mend = why_positive(DBMTL()) or ""
    assert "WithLowerBounds" not in mend
    assert "subtract from each loss" in mend
    assert Domain(UPGrad()).outside(["one"], [-1.0]) == ""


def test_a_bound_that_is_missed_within_a_method_that_raises_is_named() -> None:
    found = told(WithLowerBounds(GeometricMean(), [0.0, -2.0, 0.0]), 1.0, -2.5, 1.2)
    assert "'one' fell to -2.5, which lies below its declared bound, -2" in found


def test_a_loss_of_0_that_leaves_gls_without_weights_is_named() -> None:
    found = told(GeometricMean(), 1.0, lambda batch: float(batch < 7), 1.2)
    assert "The loss of task 'one' was exactly 0 in step" in found
    assert "WithLowerBounds(GeometricMean(...)" in found


@pytest.mark.parametrize("bounds", [None, torch.tensor([-2.0, 0.0, 0.0])], ids=["none", "too high"])
def test_a_loss_that_passes_the_bound_of_famo_after_the_step_is_named(bounds: Tensor | None) -> None:
    """There weights turn NaN in the next step, whatever its losses."""
    domain = Domain(FAMO(3, min_losses=bounds))
    found = domain.cause(["a", "b", "c"], [-1.99 if bounds is not None else 0.01, 0.5, 0.2])
    assert "'a'" in found
    assert "-1.99" in found if bounds is not None else "0.01. FAMO needs positive losses" in found


def test_an_error_of_another_kind_is_kept_before_what_is_said_of_a_loss() -> None:
    found = told(UW(2), 1.0, -2.5, 1.2)
    assert found.index("shape") < found.index("The loss of task 'one' was -2.5")


def test_of_240_tasks_without_a_loss_few_are_named() -> None:
    names = ["large", "one", "two", *(f"task {number}" for number in range(240))]
    data = DataLoader(TensorDataset(torch.ones(10, 1)), batch_size=1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback = MultiTaskCallback(RobustGO4Align(), tasks=names)
        quiet_trainer(callbacks=[callback], max_epochs=1).fit(Sized(1.0, 1.0, 1.2), data)
    (found,) = [text for text in (str(warning.message) for warning in caught) if "had no loss" in text]
    assert "['task 0', ... 238 more ..., 'task 239'] had no loss in the first 10 steps" in found
