from collections.abc import Callable
from typing import Any

import pytest
import torch

from lightning_go4align.functional.convergence import convergence_difference, convergence_epochs
from lightning_go4align.functional.relative import delta_m, mean_rank, relative_changes

# Single-task values as the reference implementations have them, and rows of the paper's Tables 1 to 3 with the
# printed delta_m; the tolerance is what rounding of the row and of the printed value can cause.
NYUV2 = ([38.30, 63.76, 0.6754, 0.2780, 25.01, 19.21, 30.14, 57.20, 69.15], [1, 1, 0, 0, 0, 0, 1, 1, 1])
CITYSCAPES = ([74.01, 93.16, 0.0125, 27.77], [1, 1, 0, 0])
QM9 = (
    [0.0671, 0.1814, 60.576, 53.915, 0.5027, 4.539, 58.838, 64.244, 63.852, 66.223, 0.07212],
    [0] * 11,
)
ROWS = [
    pytest.param(*NYUV2, [40.42, 65.37, 0.5492, 0.2167, 24.76, 18.94, 30.54, 57.87, 69.84], -6.08, 0.019, id="NYUv2"),
    pytest.param(*CITYSCAPES, [72.63, 93.03, 0.0164, 27.58], 8.11, 0.113, id="CityScapes"),
    pytest.param(*QM9, [0.17, 0.35, 102.4, 119.0, 1.22, 4.94, 53.9, 54.3, 54.3, 53.9, 0.11], 52.7, 1.753, id="QM9"),
]


@pytest.mark.parametrize(("baseline", "directions", "row", "printed", "rounding"), ROWS)
def test_rows_of_the_paper_give_the_printed_delta_m(
    baseline: list[float], directions: list[int], row: list[float], printed: float, rounding: float
) -> None:
    score = delta_m(torch.tensor(row), torch.tensor(baseline), torch.tensor(directions).bool())
    assert score.item() == pytest.approx(printed, abs=rounding)


def test_better_is_negative_whichever_way_a_metric_points() -> None:
    values, baseline = torch.tensor([9.0, 11.0, -1.0]), torch.tensor([10.0, 10.0, -2.0])
    changes = relative_changes(values, baseline, torch.tensor([False, True, True]))
    torch.testing.assert_close(changes, torch.tensor([-10.0, -10.0, -50.0]))


def test_ties_share_the_better_rank_as_in_table_1() -> None:
    values = torch.tensor([[1.0, 5.0], [1.0, 6.0], [2.0, 4.0]])
    assert mean_rank(values, torch.tensor([False, True])).tolist() == [1.5, 1.0, 3.0]


@pytest.mark.parametrize("dtype", [torch.int64, torch.uint8, torch.bool])
def test_integers_are_ranked_as_floats_are(dtype: torch.dtype) -> None:
    values = torch.tensor([[0, 0], [1, 1], [1, 0]])
    directions = torch.tensor([False, True])
    assert mean_rank(values.to(dtype), directions).tolist() == mean_rank(values.float(), directions).tolist()


def test_a_method_without_a_value_ranks_last() -> None:
    values = torch.tensor([[torch.nan], [3.0], [torch.inf], [-torch.inf]])
    assert mean_rank(values, torch.tensor([False])).tolist() == [3.0, 2.0, 3.0, 1.0]


def test_a_metric_converges_when_it_last_improves_by_more_than_a_hundredth() -> None:
    nan = torch.nan
    curves = torch.tensor([[10.0, 1.0, nan, 5.0], [5.0, 2.0, 3.0, nan], [4.99, 2.001, 2.9, 4.0]])
    epochs = convergence_epochs(curves, torch.tensor([False, True, False, False]))
    assert epochs.tolist() == [2, 2, 3, 3]


def test_a_metric_that_is_never_a_number_never_converges() -> None:
    curves = torch.tensor([[torch.nan, torch.nan, 1.0], [torch.nan, 2.0, torch.nan]])
    assert convergence_epochs(curves, torch.tensor([False, True, True])).tolist() == [0, 2, 1]
    assert convergence_difference(curves, torch.tensor([False, True, True])) == 0.5
    assert convergence_difference(curves[:, :1], torch.tensor([False])).isnan()


def test_a_number_improves_on_an_infinite_first_value_whichever_way_a_metric_points() -> None:
    curves = torch.tensor([[torch.inf, -torch.inf, -torch.inf], [5.0, 5.0, 5.0], [1.0, 9.0, -9.0]])
    assert convergence_epochs(curves, torch.tensor([False, True, False])).tolist() == [3, 3, 1]


def test_small_improvements_count_once_they_add_up() -> None:
    curves = 0.996 ** torch.arange(10.0)[:, None]  # three steps of 0.4 % make more than 1 %
    assert convergence_epochs(curves, torch.tensor([False])).tolist() == [10]


def test_tasks_that_converge_together_have_no_convergence_difference() -> None:
    curves = torch.tensor([[3.0, 30.0], [2.0, 20.0], [1.0, 10.0]])
    assert convergence_difference(curves, torch.tensor([False, False])) == 0


@pytest.mark.parametrize(
    "refused",
    [
        pytest.param(lambda: relative_changes(torch.ones(2), torch.ones(3), torch.ones(3).bool()), id="changes"),
        pytest.param(lambda: mean_rank(torch.ones(3), torch.ones(3).bool()), id="ranks"),
        pytest.param(lambda: convergence_epochs(torch.ones(0, 2), torch.ones(2).bool()), id="no epoch"),
    ],
)
def test_shapes_that_do_not_fit_are_refused(refused: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="`higher_is_better`"):
        refused()
