"""The clustering that chooses its number of groups, and what it keeps between steps."""

import pytest
import torch

from lightning_go4align.clustering import AutomaticKMeans, AutomaticLogKMeans
from lightning_go4align.functional.choice import UNKNOWN

POINTS = torch.tensor([0.010, 0.011, 0.012, 0.9, 1.0, 1.1])


@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_it_says_that_it_chooses_the_number(kind: type[AutomaticKMeans | AutomaticLogKMeans]) -> None:
    assert kind.chooses_number is True


@pytest.mark.parametrize("momentum", [1, 1.0, 1.5])
@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_an_average_that_never_moves_is_refused(
    kind: type[AutomaticKMeans | AutomaticLogKMeans], momentum: float
) -> None:
    with pytest.raises(ValueError, match="`momentum` must be below 1"):
        kind(momentum=momentum)


def test_one_group_can_be_the_most() -> None:
    assert AutomaticKMeans(max_groups=1)(POINTS).num_occupied.item() == 1
    with pytest.raises(ValueError, match="`max_groups` must be at least 1"):
        AutomaticKMeans(max_groups=0)


@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_one_point_is_one_group(kind: type[AutomaticKMeans | AutomaticLogKMeans]) -> None:
    grouping = kind()(torch.tensor([0.5]))
    assert grouping.assignment.tolist() == [0]
    assert grouping.task_weights.item() == pytest.approx(0.5)


@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_its_settings_are_shown(kind: type[AutomaticKMeans | AutomaticLogKMeans]) -> None:
    assert repr(kind(max_groups=4, momentum=0.5)) == f"{kind.__name__}(max_groups=4, momentum=0.5)"


def test_the_average_goes_where_the_points_are() -> None:
    clustering = AutomaticKMeans()
    clustering(POINTS.to("meta"))
    assert clustering.criterion.device.type == "meta"


@pytest.mark.parametrize("kind", [AutomaticKMeans, AutomaticLogKMeans])
def test_points_that_are_no_vector_are_refused(kind: type[AutomaticKMeans | AutomaticLogKMeans]) -> None:
    for shape in ((0,), (2, 2)):
        with pytest.raises(ValueError, match="must be a vector of at least one number"):
            kind()(torch.ones(shape))


@pytest.mark.parametrize("saved", [3, 8, 10])
def test_a_former_average_is_read_relative_to_one_group_and_unknown_beyond(saved: int) -> None:
    scores = torch.arange(5.0, 5.0 + 2 * saved, 2)
    expected = [2.0 * group for group in range(min(saved, 8))] + [UNKNOWN] * max(0, 8 - saved)
    assert AutomaticKMeans().from_former(scores).tolist() == expected


def test_the_average_is_float32_under_any_default() -> None:
    torch.set_default_dtype(torch.float64)
    assert AutomaticKMeans().criterion.dtype == AutomaticLogKMeans().criterion.dtype == torch.float32
