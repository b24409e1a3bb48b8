import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from methods.robust_makers import MAKERS, PROPERTY, each_method, history, weigh

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.functional.shared_risk import mean_scale
from lightning_go4align.methods import ExponentialMean, Level, LevelWithinSpread, RelativeHistory

units = st.floats(-6, 6).map(lambda power: 10.0**power)
problems = st.tuples(st.lists(units, min_size=2, max_size=9), st.integers(0, 1000))


@PROPERTY
@given(problems, units)
def test_a_task_alone_contributes_the_same_in_any_unit(problem: tuple[list[float], int], factor: float) -> None:
    losses = history(*problem)
    other = losses * torch.tensor([factor] + [1.0] * (losses.shape[1] - 1), dtype=torch.float64)
    contributions = [weigh(RobustGO4Align(1, ungrouped), rows) * rows[-1] for rows in (losses, other)]
    # Rounding: some hundred operations in float64.
    torch.testing.assert_close(*contributions, rtol=1e-11, atol=0)


@pytest.mark.parametrize("num_groups", [None, 1, 2])
@PROPERTY
@given(problems)
def test_no_task_contributes_less_than_a_hundredth_of_an_even_share(
    num_groups: int | None, problem: tuple[list[float], int]
) -> None:
    method, losses = RobustGO4Align(num_groups), history(*problem)
    shares = weigh(method, losses) * method.indicators.reciprocal() / losses.shape[1]
    assert shares.sum().item() == pytest.approx(1)
    assert shares.min() >= 1 / method.reach**2 / losses.shape[1]


@PROPERTY
@given(problems, units)
def test_a_constant_for_all_tasks_divides_all_weights(problem: tuple[list[float], int], factor: float) -> None:
    losses = history(*problem)
    torch.testing.assert_close(
        weigh(RobustGO4Align(), factor * losses) * factor, weigh(RobustGO4Align(), losses), rtol=1e-9, atol=0
    )


@each_method
def test_the_order_of_the_tasks_does_not_matter(make: Callable[..., Any]) -> None:
    losses = history([1e-4, 1e-4, 1.0, 50.0, 1e5])
    order = torch.tensor([3, 0, 4, 2, 1])
    torch.testing.assert_close(weigh(make(), losses[:, order]), weigh(make(), losses)[order], rtol=1e-9, atol=0)


@pytest.mark.parametrize("make", [MAKERS["with history"]])
def test_the_length_of_the_run_does_not_matter(make: Callable[..., Any]) -> None:
    noise = torch.from_numpy(np.random.default_rng(0).lognormal(sigma=0.3, size=(1500, 3)))
    last, before = noise * torch.tensor([1e-4, 1.0, 1e5]), noise[:500] * torch.tensor([1e-3, 5.0, 1e4])
    # Of what lies 1,500 steps back a share of 0.99^1500 = 3e-7 is left.
    torch.testing.assert_close(weigh(make(), torch.cat([before, last])), weigh(make(), last), rtol=1e-4, atol=0)


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("steps", [100_000, 1_000_000])
def test_weights_survive_long_training(steps: int) -> None:
    method, scales = RobustGO4Align(), torch.tensor([1e-6, 1.0, -1.0, 1e6], dtype=torch.float64)
    losses = torch.rand(1000, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * scales
    for step in range(steps):
        method(losses[step % 1000] * (1 + 9 * math.exp(-step / 20_000)))
    shares = method.task_weights / method.indicators / 4
    assert shares.sum().item() == pytest.approx(1)
    assert shares.min() > 0.01
    later = weigh(RobustGO4Align(), losses.repeat(3, 1))
    if steps > 500_000:
        torch.testing.assert_close(method.task_weights, later, rtol=1e-6, atol=0)


@pytest.mark.parametrize("offset", [-1000.0, -100.0, -1.0, 0.0, 1.0, 100.0, 1000.0])
def test_a_constant_neither_stops_a_task_nor_lets_its_weight_explode(offset: float) -> None:
    random = np.random.default_rng(0)
    falling = 3 - 6 * np.arange(600)[:, None] / 600  # A likelihood: on the way through 0, or far from it.
    losses = torch.from_numpy(falling + 0.2 * random.normal(size=(600, 3)) + [0.0, 0.0, offset])
    method, weights = RobustGO4Align(1, ungrouped), []
    for step in losses:
        method(step)
        weights.append(method.task_weights)
    late = torch.stack(weights)[100:]
    # The spread of these losses is about 0.5 of what they still can fall: 1 / weight lies between it and ten of it.
    assert late.min() > 0.1
    assert late.max() < 10


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
@each_method
def test_an_absent_task_has_weight_0_and_keeps_its_state_and_group(make: Callable[..., Any], value: float) -> None:
    method = make()
    losses = history([1e-4, 1.0, 1e4])
    weigh(method, losses)
    before = {name: state.clone() for name, state in method.state_dict().items() if name.endswith("state")}
    group = method.grouping.assignment[1]
    method(torch.tensor([losses[-1, 0], value, losses[-1, 2]]))
    assert method.task_weights[1] == 0
    assert method.grouping.assignment[1] == group
    for name, state in before.items():
        assert torch.equal(method.state_dict()[name][:, 1], state[:, 1])


@each_method
def test_a_task_never_seen_moves_no_other(make: Callable[..., Any]) -> None:
    losses = history([1e-4, 1.0, 1e4])
    absent = torch.full((len(losses), 1), torch.nan, dtype=torch.float64)
    weights = weigh(make(), torch.cat([losses, absent], 1))
    torch.testing.assert_close(weights[:3], weigh(make(), losses))
    assert weights[3] == 0


def test_no_loss_at_all_gives_an_objective_of_0() -> None:
    method = RobustGO4Align()
    assert method(torch.full((3,), torch.nan)) == 0
    assert method.task_weights.tolist() == [0, 0, 0]


def test_first_step_has_the_weights_of_scale_invariance() -> None:
    losses = torch.tensor([1e-6, 2.0, 1e6], dtype=torch.float64)
    torch.testing.assert_close(weigh(RobustGO4Align(1, ungrouped), losses[None]), 1 / losses)


def test_without_smoothing_and_groups_levels_have_the_gradient_of_scale_invariance() -> None:
    losses = history([1e-4, 1.0, 1e4])
    method = RobustGO4Align(1, ungrouped, smoothing=ExponentialMean(0.0), scale=Level())
    torch.testing.assert_close(weigh(method, losses), 1 / losses[-1])


def test_mean_scale_has_the_size_of_the_paper_and_of_a_plain_sum() -> None:
    losses = history([1e-4, 1.0, 1e4])
    method = RobustGO4Align(1, ungrouped, smoothing=ExponentialMean(0.0), scale=Level(), normalization=mean_scale)
    torch.testing.assert_close(weigh(method, losses), losses[-1].mean() / losses[-1])


def test_history_takes_weight_from_the_task_that_gets_worse() -> None:
    losses = torch.tensor([[1.0, 1.0]] * 50 + [[0.5, 2.0]] * 5, dtype=torch.float64)
    parts: dict[str, Any] = {"clustering": ungrouped, "scale": Level(), "smoothing": ExponentialMean(0.0)}
    with_history = weigh(RobustGO4Align(1, history=RelativeHistory(1.0), **parts), losses)
    without = weigh(RobustGO4Align(1, **parts), losses)
    assert with_history[1] / with_history[0] < without[1] / without[0]


def test_history_moves_a_weight_by_its_temperature_at_most() -> None:
    history_part = RelativeHistory(2.0, horizon=5.0)
    for scales in history([1e-6, 1.0, 1e6], steps=50) ** 3:
        factors = history_part(scales, scales)
        assert (factors.log().abs() <= 2.0).all()


def test_two_methods_share_no_part() -> None:
    one, other = RobustGO4Align(), RobustGO4Align()
    weigh(one, history([1.0, 2.0]))
    assert other.scale.state is None
    assert other.smoothing.state is None


def test_changed_number_of_tasks_is_refused_with_advice() -> None:
    method = RobustGO4Align()
    method(torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="Mark an absent task with NaN"):
        method(torch.tensor([1.0, 2.0, 3.0]))


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: RobustGO4Align(0), "`num_groups` must be at least 1"),
        (lambda: RobustGO4Align(2, AutomaticKMeans()), "`num_groups` must be None"),
        (lambda: RobustGO4Align(reach=0.5), "`reach` must be at least 1"),
        (lambda: ExponentialMean(1.0), "`decay` must be below 1"),
        (lambda: LevelWithinSpread(horizon=1.0), "`horizon` must be above 1"),
        (lambda: LevelWithinSpread(noise_horizon=0.5), "`noise_horizon` must be above 1"),
        (lambda: LevelWithinSpread(most=0.0), "`most` must be positive"),
        (lambda: LevelWithinSpread(outlier=-1.0), "`outlier` must be positive"),
        (lambda: LevelWithinSpread(floor=1.5), "`floor` must be at most 1"),
        (lambda: LevelWithinSpread(floor=0.0), "`floor` must be positive"),
        (lambda: RelativeHistory(beta=-1.0), "`beta` must be a number of at least 0"),
    ],
)
def test_bad_argument_is_refused_with_advice(make: Callable[..., Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        make()


@pytest.mark.parametrize("part", ["smoothing", "scale", "history", "normalization", "sharing", "clustering"])
def test_what_is_no_part_is_refused_with_advice(part: str) -> None:
    with pytest.raises(TypeError, match=f"`{part}` must be a function or an object"):
        RobustGO4Align(**{part: 0.9})  # type: ignore[arg-type]  # One argument or another.
    with pytest.raises(TypeError, match=f"`{part}` is the class"):
        RobustGO4Align(**{part: ExponentialMean})  # type: ignore[arg-type]  # One argument or another.
