"""What is remembered of a method: saved at any step and loaded, it goes on to the bit, whatever tasks are absent."""

import io
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from torch import Tensor, nn
from torchjd.scalarization import DWA, FAMO, IMTLL, UW, Random, Scalarizer, Sum
from toy import TASKS

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import (
    LDCMTL,
    SI,
    UWSO,
    GO4Align,
    GroupedScalarizer,
    RelativeHistory,
    RobustGO4Align,
    WindowedDWA,
)
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.task_losses import StepOutput

PROPERTY = settings(max_examples=8)
METHODS: dict[str, Callable[[], Scalarizer]] = {
    "Sum": Sum,
    "RLW": Random,
    "SI": SI,
    "UWSO": UWSO,
    "UW": lambda: UW(3),
    "IMTLL": lambda: IMTLL(3),
    "DWA": DWA,
    "FAMO": lambda: FAMO(3),
    "LDCMTL": lambda: LDCMTL(3),
    "WindowedDWA": lambda: WindowedDWA(window=2),
    "GO4Align": lambda: GO4Align(2, beta=0.1),
    "GO4Align, automatic": lambda: GO4Align(None, beta=0.1, clustering=AutomaticKMeans()),
    "RobustGO4Align": RobustGO4Align,
    "RobustGO4Align, history": lambda: RobustGO4Align(2, history=RelativeHistory()),
    "FAMO in groups": lambda: GroupedScalarizer(FAMO(3)),
    "UW in groups": lambda: GroupedScalarizer(UW(3)),
}
EVERY_METHOD = pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
POSITIVE = st.floats(0.125, 8.0)
ROW = st.lists(st.one_of(POSITIVE, POSITIVE, st.just(math.nan)), min_size=3, max_size=3)
HISTORIES = st.tuples(st.lists(POSITIVE, min_size=3, max_size=3), st.lists(ROW, min_size=2, max_size=7)).map(
    lambda parts: torch.tensor([parts[0], *parts[1]])
)


def begun(make: Callable[[], Scalarizer]) -> Memory:
    memory = Memory(make(), TASKS)
    torch.manual_seed(0)
    memory.attach(nn.Linear(1, 1))
    memory.begin_with([memory.told_to_ranks(TASKS)])
    memory.begin_training(torch.device("cpu"))
    return memory


# What an optimizer's step leaves of each loss: not the same of each, or FAMO's gradient is 0 but for rounding, and
# its Adam takes whole steps of that.
LEFT = torch.tensor([0.7, 0.75, 0.85])


def trained(
    memory: Memory, history: Tensor, start: int = 0, left: Tensor = LEFT, ties: list[bool] | None = None
) -> list[Any]:
    """Take a step for each row, two in an epoch; return each step's objective and weights. Note near ties."""
    found = []
    for number, row in enumerate(history, start):
        memory.begin_epoch(number // 2)
        memory.driver.begin_batch(True)
        losses = row.clone().requires_grad_()
        output = StepOutput(dict(zip(TASKS, losses.unbind(), strict=True)))
        memory.driver.step(losses, losses.detach(), output, 1.0).backward()
        record = memory.driver.last_step
        assert record is not None
        if ties is not None and record.indicators is not None:
            ties.append(nearly_tie(record.indicators))
        memory.driver.update_after_step(row * left)
        found.append((record.objective.tolist(), None if record.weights is None else record.weights.tolist()))
    return found


def nearly_tie(indicators: Tensor) -> bool:
    """Whether rounding decides which two of three tasks share a group: those on either side of the smaller gap do."""
    for points in (indicators.double(), indicators.double().log()):
        gaps = points[points.isfinite()].sort().values.diff().tolist()
        if len(gaps) == 2 and abs(gaps[0] - gaps[1]) < 1e-3 * sum(gaps):
            return True
    return False


@EVERY_METHOD
@PROPERTY
@given(history=HISTORIES, data=st.data())
def test_a_state_saved_at_any_step_goes_on_to_the_bit(
    make: Callable[[], Scalarizer], history: Tensor, data: st.DataObject
) -> None:
    stop = data.draw(st.integers(0, len(history)))
    whole = begun(make)
    trained(whole, history[:stop])
    file = io.BytesIO()
    torch.save(whole.state_dict(), file)
    file.seek(0)
    resumed = begun(make)
    trained(resumed, history.nan_to_num(1.0).flip(0))  # What it knew before must not matter.
    resumed.load_state_dict(torch.load(file, weights_only=True))
    resumed.begin_training(torch.device("cpu"))
    later = trained(whole, history[stop:], stop)
    assert repr(trained(resumed, history[stop:], stop)) == repr(later)
    assert repr(resumed.state_dict()) == repr(whole.state_dict())


@EVERY_METHOD
@PROPERTY
@given(history=HISTORIES)
def test_an_absent_task_has_no_weight_and_the_others_finite_ones(
    make: Callable[[], Scalarizer], history: Tensor
) -> None:
    for row, (objective, weights) in zip(history, trained(begun(make), history), strict=True):
        assert math.isfinite(objective)
        found = torch.tensor(weights)
        assert found.isfinite().all()
        assert (found[row.isnan()] == 0).all()


# What a method's order of tasks means: LDC-MTL compares neighbours, and RLW draws by place.
IN_ANY_ORDER = [name for name in METHODS if name not in ("LDCMTL", "RLW")]


@pytest.mark.parametrize("name", IN_ANY_ORDER)
@PROPERTY
@given(history=HISTORIES, order=st.permutations(range(3)))
def test_weights_follow_the_tasks_in_any_order(name: str, history: Tensor, order: list[int]) -> None:
    ties: list[bool] = []
    expected = trained(begun(METHODS[name]), history, ties=ties)
    assume(not any(ties))
    found = trained(begun(METHODS[name]), history[:, order], left=LEFT[order])
    for (objective, weights), (permuted, moved) in zip(expected, found, strict=True):
        assert permuted == pytest.approx(objective, rel=1e-4, abs=1e-5)
        torch.testing.assert_close(torch.tensor(moved), torch.tensor(weights)[order], rtol=1e-4, atol=1e-5)


# What a common factor of all losses does to the weights, as its power: none, or its inverse.
POWERS = {"Sum": 0, "RLW": 0, "DWA": 0, "SI": -1, "RobustGO4Align": -1, "RobustGO4Align, history": -1}


@pytest.mark.parametrize(("name", "power"), POWERS.items())
@PROPERTY
@given(history=HISTORIES, exponent=st.integers(-8, 8))
def test_a_common_unit_divides_the_weights_or_leaves_them(
    name: str, power: int, history: Tensor, exponent: int
) -> None:
    factor = 2.0**exponent  # Which rounds nothing.
    expected, found = trained(begun(METHODS[name]), history), trained(begun(METHODS[name]), factor * history)
    for (_, weights), (_, scaled) in zip(expected, found, strict=True):
        torch.testing.assert_close(torch.tensor(scaled), torch.tensor(weights) * factor**power, rtol=1e-4, atol=0)
