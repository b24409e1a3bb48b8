import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import FixedGroups, FixedGroupWeights, ungrouped
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.sharing import one_weight_per_group, shrunk_to_group
from lightning_go4align.methods import Level

NAN, INFINITY = math.nan, math.inf
logs = st.lists(st.floats(-20, 20) | st.floats(-700, 700), min_size=2, max_size=9)
variances = st.sampled_from([0.0, 1e-12, 0.01, 0.3, 5.0, INFINITY])


def vector(values: Any) -> torch.Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def in_one_group(indicators: torch.Tensor) -> Grouping:
    return Grouping(torch.zeros(len(indicators), dtype=torch.int64), indicators.log().mean().exp()[None])


@given(logs, st.data())
def test_a_weight_lies_between_its_groups_and_its_own_indicator(values: list[float], data: st.DataObject) -> None:
    indicators = vector(values).exp()
    found = shrunk_to_group(in_one_group(indicators), indicators, vector([data.draw(variances) for _ in values]))
    centre = indicators.log().mean().exp()
    assert (found <= torch.maximum(indicators, centre) * (1 + 1e-9)).all()
    assert (found >= torch.minimum(indicators, centre) * (1 - 1e-9)).all()


@pytest.mark.parametrize(("variance", "kept"), [(0.0, 1.0), (0.5, 0.75), (2.0, 0.0), (50.0, 0.0), (INFINITY, 0.0)])
def test_what_noise_explains_is_not_kept(variance: float, kept: float) -> None:
    indicators = vector([math.exp(-1.0), math.exp(1.0)])  # a sum of squares of 2 for one degree of freedom
    found = shrunk_to_group(in_one_group(indicators), indicators, vector([variance, variance]))
    torch.testing.assert_close(found.log(), kept * vector([-1.0, 1.0]))


def test_a_task_keeps_the_more_the_better_it_is_known() -> None:
    away = vector([-2.0, 2.0, -2.0, 2.0])
    kept = shrunk_to_group(in_one_group(away.exp()), away.exp(), vector([0.0, 0.1, 1.0, 4.0])).log() / away
    assert kept[0] == 1
    assert (kept.diff() < 0).all()


def test_deviations_are_estimated_better_than_by_the_group_or_by_each_task_alone() -> None:
    random = np.random.default_rng(0)
    deviations, noise = 0.3 * random.normal(size=(200, 40)), random.uniform(0.1, 0.9, 40)
    errors = []
    for true in deviations:
        indicators = vector(true + noise * random.normal(size=40)).exp()
        grouping = in_one_group(indicators)
        estimates = (shrunk_to_group(grouping, indicators, vector(noise**2)), grouping.task_weights, indicators)
        errors.append([(estimate.log() - vector(true)).square().mean() for estimate in estimates])
    shrunk, of_group, alone = np.mean(errors, 0)
    # With a variance that were known, 0.09 noise^2 / (0.09 + noise^2) would be left, 0.054 in the mean.
    assert 0.054 < shrunk < 0.85 * of_group
    assert of_group < alone / 3


@pytest.mark.parametrize("sharing", [one_weight_per_group, shrunk_to_group])
def test_a_task_in_no_group_has_weight_0_and_moves_no_other(sharing: Any) -> None:
    indicators, noise = vector([1.0, 3.0, 8.0, 9.0]), vector([0.1, 0.2, 0.1, 0.3])
    assignment = torch.tensor([0, 0, 1, 1])
    beside = sharing(Grouping(assignment, vector([1.7, 8.5])), indicators, noise)
    more = torch.cat([assignment, torch.tensor([-1])]), torch.cat([indicators, vector([NAN])])
    found = sharing(Grouping(more[0], vector([1.7, 8.5])), more[1], torch.cat([noise, vector([NAN])]))
    torch.testing.assert_close(found, torch.cat([beside, vector([0.0])]))


def rarely_labelled(num_tasks: int, spread: float, seed: int = 0) -> torch.Tensor:
    """Losses of tasks of one group whose levels differ by ``spread``, shape [steps, M]: squares of normal errors."""
    random = np.random.default_rng(seed)
    return vector(random.normal(size=(200, num_tasks)) ** 2 * np.exp(spread * random.normal(size=num_tasks)))


@pytest.mark.parametrize(("spread", "least", "most"), [(0.0, 0.0, 0.25), (2.0, 0.8, 1.0)])
def test_many_tasks_share_a_weight_as_far_as_they_differ_by_noise_alone(
    spread: float, least: float, most: float
) -> None:
    losses = rarely_labelled(300, spread)
    shared, alone = RobustGO4Align(1, sharing=shrunk_to_group), RobustGO4Align(1, ungrouped)
    for row in losses:
        shared(row)
        alone(row)
    spreads = [method.task_weights.log().std() for method in (shared, alone)]
    assert least <= spreads[0] / spreads[1] <= most


def test_a_part_that_tells_no_noise_leaves_one_weight_to_a_group() -> None:
    method = RobustGO4Align(1, scale=Level(), reach=1e9, sharing=shrunk_to_group)
    losses = vector([1.0, 20.0, 300.0])
    for _ in range(30):
        method(losses)
    torch.testing.assert_close(method.task_weights, method.task_weights[:1].expand(3))


@pytest.mark.parametrize("sharing", [one_weight_per_group, shrunk_to_group])
def test_a_group_whose_given_weight_is_0_lets_no_task_vanish(sharing: Any) -> None:
    method = RobustGO4Align(2, FixedGroups([0, 0, 1], FixedGroupWeights([0.0, 1.0])), sharing=sharing)
    for row in rarely_labelled(3, 1.0)[:30]:
        method(row)
    shares = method.task_weights / method.indicators / 3
    assert shares.sum().item() == pytest.approx(1)
    assert shares.min() >= 1 / method.reach**2 / 3
