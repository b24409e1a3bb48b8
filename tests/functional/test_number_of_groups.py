import math

import numpy as np
import pytest
import torch
from functional.solvers import optimal_path, sum_of_squares
from torch import Tensor

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.functional.number_of_groups import group_number_criterion
from lightning_go4align.methods import GO4Align


def best(indicators: Tensor) -> int:
    return int(group_number_criterion(indicators, min(8, len(indicators))).argmin()) + 1


def synthetic(
    random: np.random.Generator, ratios: tuple[float, float], noises: tuple[float, float], most: int
) -> tuple[int, Tensor]:
    """Indicators of a known number of groups: a ratio between centres, a lognormal noise within."""
    num_tasks = int(random.choice([3, 4, 5, 7, 11, 16, 25, 40, 70, 100]))
    num_groups = int(random.integers(1, min(num_tasks, most) + 1))
    centres = np.log(random.uniform(*ratios, num_groups)).cumsum()
    groups = np.concatenate([np.arange(num_groups), random.integers(0, num_groups, num_tasks - num_groups)])
    noise = random.uniform(*noises) * random.standard_normal(num_tasks)
    return num_groups, torch.from_numpy(np.exp(centres[groups] + noise))


def information_criterion(indicators: Tensor) -> int:
    """The BIC of the same mixture with a variance of at least 0.05:"""
    points, number = indicators.log(), len(indicators)
    path = optimal_path(points, min(8, number))
    squares, shares = sum_of_squares(points, path), path.matrix.double().mean(-1)
    variance = (squares / number).clamp(min=0.05)
    entropy = torch.special.entr(shares).sum(1)
    numbers = torch.arange(1, len(squares) + 1)
    scores = number * variance.log() + squares / variance + 2 * number * entropy + 2 * numbers * math.log(number)
    return int(scores.argmin()) + 1


@pytest.mark.parametrize(
    ("ratios", "noises", "most", "expected"),
    [
        pytest.param((3.0, 8.0), (0.05, 0.3), 5, 0.95, id="clear"),
        pytest.param((2.5, 5.0), (0.05, 0.35), 5, 0.90, id="noisy"),
        pytest.param((4.0, 20.0), (0.1, 0.5), 8, 0.85, id="wide"),
        pytest.param((2.0, 4.0), (0.02, 0.15), 8, 0.88, id="near"),
        pytest.param((1.8, 10.0), (0.05, 0.4), 6, 0.83, id="mixed"),
    ],
)
def test_number_of_groups_is_found_where_it_is_known(
    ratios: tuple[float, float], noises: tuple[float, float], most: int, expected: float
) -> None:
    random = np.random.default_rng(7)
    cases = [synthetic(random, ratios, noises, most) for _ in range(100)]
    assert np.mean([best(indicators) == number for number, indicators in cases]) >= expected


def test_evidence_finds_the_number_more_often_than_the_information_criterion() -> None:
    random = np.random.default_rng(8)
    cases = [synthetic(random, (2.0, 6.0), (0.05, 0.35), 8) for _ in range(150)]
    evidence = np.mean([best(indicators) == number for number, indicators in cases])
    information = np.mean([information_criterion(indicators) == number for number, indicators in cases])
    assert evidence > information + 0.05


def test_nearly_equal_indicators_are_one_group() -> None:
    assert best(1 + 0.01 * torch.rand(20, generator=torch.Generator().manual_seed(0))) == 1


def test_unit_of_the_indicators_does_not_matter() -> None:
    indicators = torch.rand(11, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.01
    torch.testing.assert_close(group_number_criterion(indicators, 8), group_number_criterion(1e6 * indicators, 8))


def test_absent_task_takes_no_part() -> None:
    indicators = torch.tensor([0.01, 0.011, 1.0, 1.1, 90.0], dtype=torch.float64)
    with_absent = torch.cat([indicators, torch.tensor([torch.nan, 0.0], dtype=torch.float64)])
    torch.testing.assert_close(group_number_criterion(with_absent, 4), group_number_criterion(indicators, 4))


@pytest.mark.parametrize("num_tasks", [1, 2, 3])
def test_few_tasks_have_a_finite_score(num_tasks: int) -> None:
    indicators = torch.arange(1, num_tasks + 1).double()
    assert group_number_criterion(indicators, num_tasks).isfinite().all()


def test_no_task_at_all_has_a_finite_score() -> None:
    assert group_number_criterion(torch.full((3,), torch.nan), 3).isfinite().all()


def test_score_of_one_group_is_minus_twice_the_log_evidence() -> None:
    # By hand, for the logarithms -1 and 1: J = 2, variance = (0.25 + 1) / (6 + 0.5), n = 2, d = 0.
    variance = 1.25 / 6.5
    expected = (2 + 12) * math.log(variance) + 2.5 / variance + math.log(1 + 2 * 16 / variance)
    expected -= 2 * math.log(1 * 1 * 2 / 2)  # 1! 0! 2! / 2!
    found = group_number_criterion(torch.tensor([-1.0, 1.0], dtype=torch.float64).exp(), 1)
    assert found.item() == pytest.approx(expected)


def test_automatic_number_of_groups_is_used_and_rarely_changes() -> None:
    generator = torch.Generator().manual_seed(0)
    centres = torch.tensor([0.01, 0.01, 0.01, 0.2, 0.2, 4.0, 4.0, 4.0, 4.0])
    method, numbers = GO4Align(None, beta=0.0, clustering=AutomaticKMeans()), []
    for _ in range(60):
        method(centres * torch.exp(0.3 * torch.randn(9, generator=generator)))
        numbers.append(len(method.task_weights.unique()))
    changes = np.count_nonzero(np.diff(numbers))
    assert numbers.count(3) > 50
    assert changes < 5


def test_as_many_as_eight_groups_are_found() -> None:
    method = GO4Align(None, beta=0.0, clustering=AutomaticKMeans())
    method(4.0 ** torch.arange(8).repeat(4).float())
    assert len(method.task_weights.unique()) == 8
