"""What holds of relative changes, ranks and convergence for any numbers."""

import math
from collections.abc import Iterable
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.functional.convergence import convergence_difference, convergence_epochs, improved
from lightning_go4align.functional.relative import delta_m, mean_rank, relative_changes

PROPERTY = settings(max_examples=100)
NUMBERS = st.floats(-1e6, 1e6).filter(lambda x: abs(x) > 1e-6)
ANYTHING = st.one_of(NUMBERS, st.sampled_from([0.0, math.nan, math.inf, -math.inf]))


def _table(found: list[tuple[list[float], bool]]) -> tuple[Tensor, Tensor]:
    curves, directions = zip(*found, strict=True)
    return torch.tensor(curves, dtype=torch.float64).T, torch.tensor(directions)


def tables(numbers: st.SearchStrategy[float], max_rows: int) -> st.SearchStrategy[tuple[Tensor, Tensor]]:
    """Some metrics in some rows, shape [T, S], and their directions, shape [S]."""
    rows = st.integers(1, max_rows)
    return rows.flatmap(
        lambda n: st.lists(
            st.tuples(st.lists(numbers, min_size=n, max_size=n), st.booleans()), min_size=1, max_size=5
        )
    ).map(_table)


ROWS = st.lists(st.tuples(NUMBERS, NUMBERS, st.booleans()), min_size=1, max_size=8)
METRICS = ROWS.map(lambda rows: [torch.tensor(column) for column in zip(*rows, strict=True)]).map(
    lambda columns: (columns[0].double(), columns[1].double(), columns[2])
)


def loop_of_changes(values: Tensor, baseline: Tensor, directions: Tensor) -> list[float]:
    signs = [-1 if higher else 1 for higher in directions.tolist()]
    rows = zip(signs, values.tolist(), baseline.tolist(), strict=True)
    return [sign * 100 * (value - base) / abs(base) for sign, value, base in rows]


def rounding(parts: Iterable[Any]) -> dict[str, Any]:
    """How far two sums of the same numbers may lie apart, which may be nearly 0 themselves."""
    return {"rel": 1e-9, "abs": 1e-12 * max(abs(float(part)) for part in parts)}


def loop_of_epochs(curves: Tensor, directions: Tensor, tolerance: float) -> list[int]:
    found = []
    for curve, higher in zip(curves.T.tolist(), directions.tolist(), strict=True):
        best, when = curve[0], 0 if math.isnan(curve[0]) else 1
        for epoch, value in enumerate(curve[1:], start=2):
            step = best - value if not higher else value - best
            margin = 0 if math.isinf(best) else tolerance * abs(best)
            if step > margin or (math.isnan(best) and not math.isnan(value)):
                best, when = value, epoch
        found.append(when)
    return found


@PROPERTY
@given(METRICS)
def test_changes_are_those_of_a_loop(metrics: tuple[Tensor, Tensor, Tensor]) -> None:
    values, baseline, directions = metrics
    expected = loop_of_changes(values, baseline, directions)
    assert relative_changes(values, baseline, directions).tolist() == pytest.approx(expected, rel=1e-12)
    assert delta_m(values, baseline, directions).item() == pytest.approx(np.mean(expected), **rounding(expected))


@PROPERTY
@given(METRICS, st.floats(1e-3, 1e3))
def test_changes_have_no_unit(metrics: tuple[Tensor, Tensor, Tensor], unit: float) -> None:
    values, baseline, directions = metrics
    scaled = relative_changes(unit * values, unit * baseline, directions)
    torch.testing.assert_close(scaled, relative_changes(values, baseline, directions), rtol=1e-6, atol=1e-6)


@PROPERTY
@given(METRICS, st.randoms(use_true_random=False))
def test_changes_come_in_the_order_of_the_metrics(metrics: tuple[Tensor, Tensor, Tensor], random: Random) -> None:
    order = random.sample(range(len(metrics[0])), len(metrics[0]))
    permuted = relative_changes(*(column[order] for column in metrics))
    torch.testing.assert_close(permuted, relative_changes(*metrics)[order])
    expected = delta_m(*metrics).item()
    assert delta_m(*(column[order] for column in metrics)).item() == pytest.approx(expected, **rounding(permuted))


@PROPERTY
@given(METRICS)
def test_the_other_direction_is_the_other_sign(metrics: tuple[Tensor, Tensor, Tensor]) -> None:
    values, baseline, directions = metrics
    torch.testing.assert_close(relative_changes(values, baseline, ~directions), -relative_changes(*metrics))


@PROPERTY
@given(tables(ANYTHING, 6))
def test_ranks_count_the_methods_that_are_strictly_better(table: tuple[Tensor, Tensor]) -> None:
    values, directions = table
    costs = [[-v if h else v for v, h in zip(row, directions.tolist(), strict=True)] for row in values.tolist()]
    costs = [[math.inf if math.isnan(cost) else cost for cost in row] for row in costs]
    expected = [np.mean([1 + sum(o[s] < row[s] for o in costs) for s in range(len(row))]) for row in costs]
    assert mean_rank(values, directions).tolist() == pytest.approx(expected, rel=1e-12)


@PROPERTY
@given(tables(NUMBERS, 6), st.integers(-20, 20), st.randoms(use_true_random=False))
def test_ranks_have_no_unit_and_follow_the_methods(table: tuple[Tensor, Tensor], power: int, random: Random) -> None:
    (values, directions), unit = table, 2.0**power  # which makes no ties by rounding
    order = random.sample(range(len(values)), len(values))
    torch.testing.assert_close(mean_rank(unit * values[order], directions), mean_rank(values, directions)[order])


@PROPERTY
@given(tables(ANYTHING, 8), st.sampled_from([0.0, 0.01, 0.5, 1.0, 3.0]))
def test_epochs_of_convergence_are_those_of_a_loop(table: tuple[Tensor, Tensor], tolerance: float) -> None:
    curves, directions = table
    expected = loop_of_epochs(curves, directions, tolerance)
    assert convergence_epochs(curves, directions, tolerance).tolist() == expected
    difference = convergence_difference(curves, directions, tolerance).item()
    known = [epoch for epoch in expected if epoch]
    assert difference == pytest.approx(np.std(known) if known else math.nan, abs=1e-12, nan_ok=True)


@PROPERTY
@given(tables(NUMBERS, 8), st.integers(-20, 20))
def test_convergence_has_no_unit(table: tuple[Tensor, Tensor], power: int) -> None:
    curves, directions = table  # times a power of two, which rounds nothing
    torch.testing.assert_close(convergence_epochs(curves * 2.0**power, directions), convergence_epochs(*table))


@PROPERTY
@given(tables(ANYTHING, 8))
def test_a_mirrored_metric_converges_at_the_same_time(table: tuple[Tensor, Tensor]) -> None:
    curves, directions = table
    assert convergence_epochs(-curves, ~directions).tolist() == convergence_epochs(curves, directions).tolist()


@PROPERTY
@given(tables(ANYTHING, 8))
def test_an_epoch_that_is_unknown_is_no_improvement(table: tuple[Tensor, Tensor]) -> None:
    curves, directions = table
    unknown = torch.cat([curves, torch.full_like(curves[:1], torch.nan)])
    assert convergence_epochs(unknown, directions).tolist() == convergence_epochs(curves, directions).tolist()


@pytest.mark.parametrize(("value", "is_better"), [(0.75, False), (0.74, True), (1.25, False)])
def test_an_improvement_exceeds_the_tolerance_and_does_not_merely_reach_it(value: float, is_better: bool) -> None:
    # A quarter of 1 is exact in binary: 0.75 is better by 0.25 and not by more.
    higher = improved(torch.tensor([-value]), torch.tensor([-1.0]), torch.tensor([True]), 0.25)
    lower = improved(torch.tensor([value]), torch.tensor([1.0]), torch.tensor([False]), 0.25)
    assert (lower.tolist(), higher.tolist()) == ([is_better], [is_better])


def test_without_tolerance_an_equal_value_is_no_improvement_and_any_better_one_is() -> None:
    values, best = torch.tensor([1.0, 0.999, 0.0, -1e-9]), torch.tensor([1.0, 1.0, 0.0, 0.0])
    assert improved(values, best, torch.zeros(4, dtype=torch.bool), 0.0).tolist() == [False, True, False, True]
