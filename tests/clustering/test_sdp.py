import numpy as np
import torch
from functional.solvers import sum_of_squares

from lightning_go4align.clustering.sdp import SDP, _relaxation
from lightning_go4align.functional.grouping import kmeans_1d


def test_relaxation_of_few_tasks_nearly_always_gives_the_optimum() -> None:
    generator, optimal = torch.Generator().manual_seed(0), 0
    for _ in range(10):
        points = torch.rand(11, generator=generator).square()
        best = sum_of_squares(points, kmeans_1d(points, 4))
        optimal += bool(sum_of_squares(points, SDP()(points, 4)) <= 1.0001 * best)
    assert optimal >= 8


def test_a_relaxation_that_is_not_solved_to_all_digits_is_rounded_without_a_warning() -> None:
    points = torch.arange(30.0)  # Where every grouping into pairs and triples of neighbours is about as good.
    grouping = SDP()(points, 14)
    assert grouping.num_occupied == 14
    assert sum_of_squares(points, grouping) <= 1.2 * sum_of_squares(points, kmeans_1d(points, 14))


def test_where_groups_are_clear_the_relaxation_is_tight() -> None:
    SDP()(torch.tensor([0.0, 0.1, 5.0, 5.1, 5.2]), 2)
    _, co_assignment, _ = _relaxation(5, 2)
    expected = np.zeros((5, 5))
    expected[:2, :2], expected[2:, 2:] = 1 / 2, 1 / 3  # One over the size of the group that both are in.
    np.testing.assert_allclose(co_assignment.value, expected, atol=0.01)
