"""Which dtypes, shapes and tolerances relative changes, ranks and convergence take."""

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch

from lightning_go4align.functional.agreement import moved_tasks, rand_indices, shared_group
from lightning_go4align.functional.convergence import convergence_difference, convergence_epochs
from lightning_go4align.functional.relative import delta_m, mean_rank, relative_changes


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.int64, torch.uint8, torch.bool])
def test_any_real_dtype_is_compared_as_wide_floats_are(dtype: torch.dtype) -> None:
    values, baseline = torch.tensor([200.0, 1.0, 0.0]).to(dtype), torch.tensor([8.0, 2.0, 1.0]).to(dtype)
    directions = torch.tensor([True, False, True])
    expected = relative_changes(values.double(), baseline.double(), directions)
    torch.testing.assert_close(relative_changes(values, baseline, directions).double(), expected, rtol=1e-6, atol=0)
    curves = torch.stack([baseline, values, baseline])
    epochs = convergence_epochs(curves.double(), directions)
    assert convergence_epochs(curves, directions).tolist() == epochs.tolist()
    assert convergence_difference(curves, directions).item() == pytest.approx(epochs.double().std(correction=0))


def test_changes_of_half_precision_do_not_overflow_on_the_way() -> None:
    values, baseline = torch.tensor([2000.0]).half(), torch.tensor([1000.0]).half()  # 100 * 1000 is no float16
    assert relative_changes(values, baseline, torch.tensor([False])).item() == 100


@pytest.mark.parametrize("tolerance", [-0.01, math.nan, math.inf])
def test_a_tolerance_that_is_no_share_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match="`tolerance` must be a number of at least 0"):
        convergence_difference(torch.ones(2, 1), torch.tensor([True]), tolerance)


@pytest.mark.parametrize(
    ("values", "baseline", "directions"), [((2,), (2,), (1,)), ((2,), (1,), (2,)), ((1,), (2,), (2,))]
)
def test_shapes_are_not_broadcast(
    values: tuple[int, ...], baseline: tuple[int, ...], directions: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="must have one entry for each metric"):
        relative_changes(torch.ones(values), torch.ones(baseline), torch.ones(directions).bool())


@pytest.mark.parametrize("function", [mean_rank, convergence_epochs], ids=["ranks", "epochs"])
@pytest.mark.parametrize(("shape", "directions"), [((2, 3), (2,)), ((3,), (3,)), ((1, 2, 3), (3,)), ((2, 3), (1,))])
def test_tables_have_a_column_for_each_direction(
    function: Callable[..., Any], shape: tuple[int, ...], directions: tuple[int, ...]
) -> None:
    with pytest.raises(ValueError, match="column for each entry of"):
        function(torch.ones(shape), torch.ones(directions).bool())


@pytest.mark.parametrize(
    "function", [mean_rank, convergence_epochs, convergence_difference, delta_m, relative_changes]
)
def test_lists_and_directions_that_are_no_bools_are_refused_in_words(function: Callable[..., Any]) -> None:
    table = torch.ones(2, 2) if function in (mean_rank, convergence_epochs, convergence_difference) else torch.ones(2)
    numbers = [table] if table.dim() == 2 else [table, table]
    for number, _ in enumerate(numbers):
        given: list[Any] = list(numbers)
        given[number] = given[number].tolist()
        with pytest.raises(TypeError, match="must be a tensor, but is a list"):
            function(*given, torch.tensor([True, False]))
    with pytest.raises(TypeError, match="`higher_is_better` must be a tensor, but is a list"):
        function(*numbers, [True, False])
    with pytest.raises(TypeError, match=r"`higher_is_better` must be a tensor of bool, but is of torch\.int64"):
        function(*numbers, torch.tensor([1, 0]))


@pytest.mark.parametrize("tolerance", ["0.01", None, [0.01]])
def test_a_tolerance_that_is_no_number_is_refused(tolerance: Any) -> None:
    with pytest.raises(TypeError, match="`tolerance` must be a number"):
        convergence_epochs(torch.ones(2, 1), torch.tensor([True]), tolerance)


@pytest.mark.parametrize("function", [shared_group, moved_tasks, rand_indices])
def test_groups_that_are_lists_are_refused_in_words(function: Callable[..., Any]) -> None:
    groups: Any = [0, 1] if function is shared_group else torch.tensor([0, 1])
    with pytest.raises(TypeError, match="must be a tensor, but is a list"):
        function(groups, *([] if function is shared_group else [[0, 1]]))
