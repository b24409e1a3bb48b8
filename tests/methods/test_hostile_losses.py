"""No loss and no length of training poisons the state of GO4Align."""

import math

import pytest
import torch
from methods.go4align_steps import run
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.indicators import group_indicators, scale_vector, smoothness_vector
from lightning_go4align.functional.kmeans_torch import solve_by_torch
from lightning_go4align.methods import GO4Align

BETAS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]


def hostile(number: int, num_tasks: int, seed: int) -> Tensor:
    """Losses over all of float32, with ties, and a tenth of the kinds that break other code."""
    generator = torch.Generator().manual_seed(seed)
    exponents = torch.rand(number, 1, generator=generator) * 40
    losses = 10 ** ((torch.rand(number, num_tasks, generator=generator) - 0.5) * exponents)
    tied = torch.rand(number, 1, generator=generator) < 0.1
    losses = torch.where(tied, losses[:, :1], losses)
    kinds = torch.tensor([0.0, -1.0, 1e-40, 3e38, math.nan, math.inf, -math.inf])
    drawn = kinds[torch.randint(len(kinds), losses.shape, generator=generator)]
    return torch.where(torch.rand(losses.shape, generator=generator) < 0.1, drawn, losses)


def outlive(number: int, num_tasks: int, num_groups: int, beta: float) -> None:
    method = GO4Align(num_groups, beta)
    losses = hostile(number, num_tasks, seed=num_tasks)
    weights, groups, _, totals = run(method, losses)
    counted = (losses > 0) & losses.isfinite()
    assert weights.isfinite().all()
    assert (weights >= 0).all()
    assert ((groups >= 0) == counted).all()
    assert (weights[~counted] == 0).all()
    assert (groups < num_groups).all()
    assert totals.isnan().logical_not().all()
    assert method.log_smoothness.isfinite().all()
    assert math.isclose(method.smoothness.sum(), 1, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("num_tasks", "num_groups", "beta"), [(1, 1, 1e-4), (2, 2, 1e-4), (3, 2, 0.0), (5, 3, 10.0), (11, 5, 1e-4)]
)
def test_hostile_losses_never_poison_the_state(num_tasks: int, num_groups: int, beta: float) -> None:
    outlive(4_000, num_tasks, num_groups, beta)


def test_a_hundred_thousand_hostile_losses_are_survived_by_the_operations_of_an_accelerator() -> None:
    losses = hostile(100_000, 5, seed=5).double()
    states = -torch.rand(losses.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1000

    def step(losses: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        state = smoothness_vector(state, losses, 0.1)
        indicators = group_indicators(scale_vector(losses, "sum"), state.softmax(0))
        [(groups, weights)] = solve_by_torch(indicators, range(2, 3))
        return state, groups, Grouping(groups, weights).task_weights

    states, groups, weights = torch.vmap(step)(losses, states)
    assert states.isfinite().all()
    assert (weights.isfinite() & (weights >= 0)).all()
    assert torch.equal(groups >= 0, (losses > 0) & losses.isfinite())


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("beta", BETAS)
def test_hostile_losses_never_poison_the_state_at_any_beta(beta: float) -> None:
    outlive(100_000, 11, 5, beta)


@pytest.mark.parametrize("num_steps", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_smoothness_survives_long_training_at_every_beta(num_steps: int) -> None:
    betas = torch.tensor(BETAS, dtype=torch.float64)[:, None]
    state = torch.zeros(len(BETAS), 3, dtype=torch.float64)
    losses = torch.rand(1000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 10
    for step in range(num_steps):
        state = smoothness_vector(state, losses[step % 1000], betas)  # type: ignore[arg-type]  # Temperatures as a column, one for each run.
    smoothness = state.softmax(1)
    expected = (-betas * losses.sum(0) * (num_steps // 1000)).softmax(1)
    assert (smoothness >= 0).all()
    torch.testing.assert_close(smoothness.sum(1), torch.ones(len(BETAS), dtype=torch.float64))
    torch.testing.assert_close(smoothness[:6], expected[:6], rtol=1e-4, atol=1e-12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("beta", [BETAS[0], BETAS[-1]])
def test_weights_survive_a_million_steps(beta: float) -> None:
    method = GO4Align(num_groups=2, beta=beta)
    losses = torch.rand(1000, 3, generator=torch.Generator().manual_seed(0))
    for step in range(1_000_000):
        method(losses[step % 1000])
    assert method.task_weights.isfinite().all()
    assert math.isclose(method.smoothness.sum(), 1, rel_tol=1e-9)


@pytest.mark.parametrize(
    "losses",
    [
        pytest.param([3e38, 3e38, 1.0], id="largest"),
        pytest.param([1e-45, 1.0, 2.0], id="subnormal"),
        pytest.param([1e12, 1.0, 2.0], id="dominating"),
        pytest.param([0.7, 0.7, 0.7], id="equal"),
    ],
)
def test_gradient_stays_finite(losses: list[float]) -> None:
    given = torch.tensor(losses, requires_grad=True)
    GO4Align(2)(given).backward()
    assert given.grad.isfinite().all()
