import math

import pytest
import torch

from lightning_go4align.benchmarks.toy import FRONT_X, FRONT_Y, STARTS, distance_to_front, objectives

GRID = torch.stack(
    torch.meshgrid(torch.linspace(-10, 10, 401), torch.linspace(-10, 10, 401), indexing="ij"), dim=-1
).double()


def by_hand(x: float, y: float, scale: float) -> tuple[float, float]:
    """The definition, term by term, with the standard library."""
    c1, c2 = max(math.tanh(y / 2), 0), max(math.tanh(-y / 2), 0)
    f1 = math.log(max(abs(0.5 * (-x - 7) - math.tanh(-y)), 5e-6)) + 6
    f2 = math.log(max(abs(0.5 * (-x + 3) + math.tanh(-y) + 2), 5e-6)) + 6
    q1 = ((7 - x) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20
    q2 = ((-7 - x) ** 2 + 0.1 * (-y - 8) ** 2) / 10 - 20
    return scale * (f1 * c1 + q1 * c2), f2 * c1 + q2 * c2


@pytest.mark.parametrize("point", [*STARTS, (3.0, -8.3552), (-7.0, 1e-3)])
def test_objectives_are_those_defined(point: tuple[float, float]) -> None:
    values = objectives(torch.tensor(point, dtype=torch.float64), scale=0.1)
    assert values.tolist() == pytest.approx(by_hand(*point, scale=0.1))


def test_losses_less_their_bounds_are_positive_everywhere() -> None:
    assert (objectives(GRID, scale=1.0) > -21).all()


@pytest.mark.parametrize("share", [0.1, 0.3, 0.5, 0.9])
def test_weighted_sums_are_least_near_the_published_front(share: float) -> None:
    values = objectives(GRID, scale=1.0) @ torch.tensor([share, 1 - share], dtype=torch.float64)
    best = GRID.flatten(0, 1)[values.argmin()]
    assert distance_to_front(best) < 0.1 + 0.05  # and the step of the grid


def test_the_distance_is_that_to_the_nearest_point_of_the_front() -> None:
    x = torch.linspace(*FRONT_X, 2001)
    front = torch.stack([x, torch.full_like(x, FRONT_Y)], dim=-1)
    points = torch.tensor(STARTS)
    torch.testing.assert_close(distance_to_front(points), torch.cdist(points, front).amin(1), atol=1e-4, rtol=0)


def test_a_plain_sum_arrives_from_four_of_five_starts() -> None:
    positions = torch.tensor(STARTS, requires_grad=True)  # Adam treats each coordinate by itself: five runs in one
    optimizer = torch.optim.Adam([positions], lr=0.02)
    for _ in range(1500):
        optimizer.zero_grad()
        objectives(positions).sum().backward()
        optimizer.step()
    failed = distance_to_front(positions.detach()) > 5  # the valley is more than 8 away, the others are within 2
    assert failed.tolist() == [False, False, True, False, False]  # one of five fails (FAMO, 2023)
