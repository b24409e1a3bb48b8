"""What holds for every aggregator of ``configs/qm9`` on eleven tasks, whatever their gradients are."""

import io
from collections.abc import Iterable
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from methods.eleven_tasks import METHODS, build
from torch import Tensor, nn
from torchjd.aggregation import Aggregator

from lightning_go4align.methods.observation import observe
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.task_losses import StepOutput

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]
PROPERTY = settings(max_examples=4)
TASKS = [f"task {number}" for number in range(11)]
AGGREGATORS = [name for name, config in METHODS.items() if isinstance(build(config), Aggregator)]
SLOW = ("nash_mtl", "nash_mtl_agrm")  # TorchJD solves up to 20 problems a step, a tenth of a second each.


def each(names: Iterable[str]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "name", [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in names]
    )


class Quadratic(nn.Module):
    """Losses ``(a_m . theta)^2 / 2 + 1``, of gradients whose norms lie a factor of 16 and more apart."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        random = torch.Generator().manual_seed(seed)
        self.theta = nn.Parameter(torch.randn(16, generator=random, dtype=torch.float64))
        rows = torch.randn(len(TASKS), 16, generator=random, dtype=torch.float64)
        self.rows = rows * torch.exp2(torch.randint(-2, 3, (len(TASKS), 1), generator=random))

    def forward(self) -> Tensor:
        return (self.rows @ self.theta).square() / 2 + 1


def begun(name: str, module: Quadratic) -> Memory:
    memory = Memory(build(METHODS[name]), TASKS)
    torch.manual_seed(0)
    memory.attach(module)
    memory.begin_with([memory.told_to_ranks(TASKS)])
    memory.begin_training(torch.device("cpu"))
    return memory


def steps(memory: Memory, module: Quadratic, factors: Any, absent: Any = ()) -> list[Tensor]:
    """Take a step of gradient descent for each row of factors of the losses; return the gradients."""
    found = []
    for row in factors:
        losses = module() * torch.tensor(row, dtype=torch.float64)
        losses = losses.masked_fill(torch.tensor([number in absent for number in range(len(TASKS))]), torch.nan)
        present = {task: loss for task, loss in zip(TASKS, losses.unbind(), strict=True) if not loss.isnan()}
        memory.driver.begin_batch(True)
        observe(memory.method, losses.detach())
        memory.driver.step(losses, losses.detach(), StepOutput(dict(present)), 1.0)
        assert memory.driver.backward is not None
        memory.driver.backward()
        assert module.theta.grad is not None
        found.append(module.theta.grad.clone())
        with torch.no_grad():
            module.theta.sub_(1e-3 * module.theta.grad)
        module.zero_grad()
    return found


SEEDS = st.integers(0, 2**16)
UNITS = st.lists(st.sampled_from([0.25, 0.5, 1.0, 2.0, 4.0]), min_size=11, max_size=11)
EVEN = [1.0] * len(TASKS)


@each(AGGREGATORS)
@PROPERTY
@given(seed=SEEDS, stop=st.integers(0, 4))
def test_a_state_saved_at_any_step_goes_on_to_the_bit(name: str, seed: int, stop: int) -> None:
    module = Quadratic(seed)
    whole = begun(name, module)
    steps(whole, module, [EVEN] * stop)
    file, start = io.BytesIO(), module.theta.detach().clone()
    torch.save(whole.state_dict(), file)
    file.seek(0)
    later = steps(whole, module, [EVEN] * 3)
    other = Quadratic(seed)
    resumed = begun(name, other)
    steps(resumed, other, [EVEN])  # What it knew before must not matter.
    resumed.load_state_dict(torch.load(file, weights_only=True))
    resumed.begin_training(torch.device("cpu"))
    with torch.no_grad():
        other.theta.copy_(start)
    assert all(map(torch.equal, steps(resumed, other, [EVEN] * 3), later))


# Those that need as many rows in each step as there were in the first, and say so.
SAME_TASKS = ("nash_mtl", "nash_mtl_agrm", "excess_mtl", "grad_vac")


@each(name for name in AGGREGATORS if name not in SAME_TASKS)
@PROPERTY
@given(seed=SEEDS, absent=st.sets(st.integers(0, 10), min_size=1, max_size=8))
def test_an_absent_task_has_no_part_in_the_gradient(name: str, seed: int, absent: set[int]) -> None:
    module, changed = Quadratic(seed), Quadratic(seed)
    changed.rows[sorted(absent)] = 7.0
    [expected], [found] = (steps(begun(name, each), each, [EVEN], absent) for each in (module, changed))
    assert found.isfinite().all()
    assert torch.equal(found, expected)


# PCGrad and GradVac go through the tasks in an order that they draw.
@each(name for name in AGGREGATORS if name not in ("pcgrad", "grad_vac"))
@PROPERTY
@given(seed=SEEDS, order=st.permutations(range(11)))
def test_the_order_of_tasks_does_not_matter(name: str, seed: int, order: list[int]) -> None:
    module, moved = Quadratic(seed), Quadratic(seed)
    moved.rows = moved.rows[order]
    expected, found = (steps(begun(name, each), each, [EVEN] * 2) for each in (module, moved))
    for one, other in zip(expected, found, strict=True):
        torch.testing.assert_close(other, one, rtol=1e-2, atol=1e-2 * float(one.abs().max()))


# Of these the direction does not depend on any task's unit: they normalise gradients, or take logarithms. Nash-MTL's
# would not either, but TorchJD stops its solver after 20 rounds, which are too few where norms lie far apart.
@each(("imtl_g", "con_fig", "ntkmtl", "db_mtl"))
@PROPERTY
@given(seed=SEEDS, units=UNITS)
def test_a_tasks_unit_does_not_change_the_direction(name: str, seed: int, units: list[float]) -> None:
    module, other = Quadratic(seed), Quadratic(seed)
    [expected], [found] = steps(begun(name, module), module, [EVEN]), steps(begun(name, other), other, [units])
    cosine = torch.cosine_similarity(found, expected, dim=0)
    # IMTL-G's weights add up to 1: where what it divides them by crosses 0, the direction turns round.
    assert (cosine.abs() if name == "imtl_g" else cosine) > 1 - 1e-4


# What a common factor of all losses does to the gradient, as its power.
POWERS = {
    "aligned_mtl": 1,
    "imtl_g": 1,
    "con_fig": 1,
    "ntkmtl": 1,
    "upgrad": 1,
    "pcgrad": 1,
    "graddrop": 1,
    "db_mtl": 0,
}


@pytest.mark.parametrize(("name", "power"), POWERS.items())
@PROPERTY
@given(seed=SEEDS, exponent=st.integers(-3, 3))
def test_a_common_unit_multiplies_the_gradient_or_leaves_it(name: str, power: int, seed: int, exponent: int) -> None:
    module, other, factor = Quadratic(seed), Quadratic(seed), 2.0**exponent
    [expected] = steps(begun(name, module), module, [EVEN])
    [found] = steps(begun(name, other), other, [[factor] * len(TASKS)])
    torch.testing.assert_close(found, expected * factor**power, rtol=1e-3, atol=1e-3 * float(found.abs().max()))
