from typing import Any

import numpy as np
import pytest

from lightning_go4align.functional.loss_history import move_mean, move_spread
from lightning_go4align.functional.loss_scale import bounded_level, without_common_fall

RANDOM = np.random.default_rng(0)
LOSSES = RANDOM.lognormal(size=(60, 3)) * [1.0, -5.0, 1e3] + [0.0, 0.0, 1e4]


def means(losses: Any, decay: float) -> Any:
    state = np.zeros((2, losses.shape[1]))
    with np.errstate(all="ignore"):
        for row in losses:
            state, mean = move_mean(state, row, decay)
    return mean


def spreads(losses: Any, decay: float) -> tuple[Any, Any]:
    state = np.zeros((3, losses.shape[1]))
    with np.errstate(all="ignore"):
        for row in losses:
            state, spread, mass = move_spread(state, row, decay)
    return spread, mass


def weighted_mean(values: Any, decay: float) -> Any:
    """The exponential mean as one weighted average over all of the past."""
    return np.average(values, axis=0, weights=decay ** np.arange(len(values))[::-1])


@pytest.mark.parametrize("decay", [0.0, 0.5, 0.9, 0.99])
def test_mean_is_the_weighted_average_of_all_losses(decay: float) -> None:
    np.testing.assert_allclose(means(LOSSES, decay), weighted_mean(LOSSES, decay), rtol=1e-12)


@pytest.mark.parametrize("decay", [0.5, 0.9, 0.99])
def test_spread_is_the_weighted_average_of_the_distances_from_the_means_before(decay: float) -> None:
    before = [weighted_mean(LOSSES[:step], decay) for step in range(1, len(LOSSES))]
    expected = weighted_mean(np.abs(LOSSES[1:] - before), decay)
    np.testing.assert_allclose(spreads(LOSSES, decay)[0], expected, rtol=1e-9)


def test_a_constant_added_to_the_losses_leaves_the_spread() -> None:
    np.testing.assert_allclose(spreads(LOSSES + 1000.0, 0.9)[0], spreads(LOSSES, 0.9)[0], rtol=1e-9)


def test_steps_without_a_loss_leave_everything_of_that_task() -> None:
    gaps = np.repeat(LOSSES, 2, axis=0)
    gaps[::2] = [[np.nan, np.inf, -np.inf]] * len(LOSSES)
    np.testing.assert_array_equal(means(gaps, 0.9), means(LOSSES, 0.9))
    np.testing.assert_array_equal(spreads(gaps, 0.9)[0], spreads(LOSSES, 0.9)[0])


def test_what_was_never_seen_is_not_known() -> None:
    nothing = np.full((3, 1), np.nan)
    assert np.isnan(means(nothing, 0.9)).all()
    assert np.isnan(spreads(nothing, 0.9)[0]).all()
    assert np.isnan(spreads(np.ones((1, 1)), 0.9)[0]).all()  # One loss has no distance from those before.


def test_mass_is_the_share_of_the_horizon_that_has_passed() -> None:
    assert spreads(np.ones((1, 1)), 0.99)[1] == pytest.approx(0.01)
    assert spreads(np.ones((1000, 1)), 0.99)[1] == pytest.approx(1, abs=1e-4)


@pytest.mark.parametrize(
    ("level", "noise", "spread", "mass", "expected"),
    [
        pytest.param(3.0, 1.0, 1.0, 1.0, 3.0, id="within"),
        pytest.param(-3.0, 1.0, 1.0, 1.0, 3.0, id="negative"),
        pytest.param(0.0, 1.0, 1.0, 1.0, 1.0, id="at 0"),
        pytest.param(0.3, 0.5, 2.0, 1.0, 0.5, id="near 0"),
        pytest.param(-900.0, 1.0, 1.0, 1.0, 10.0, id="far"),
        pytest.param(900.0, 1.0, 1.0, 0.1, 100.0, id="far, at the start"),
        pytest.param(9000.0, 0.0, 0.0, 1.0, 9.0, id="still"),
        pytest.param(7.0, np.nan, np.nan, 0.01, 7.0, id="first"),
        pytest.param(0.0, 0.0, 0.0, 1.0, np.nan, id="always 0"),
        pytest.param(np.nan, np.nan, np.nan, 0.0, np.nan, id="unknown"),
    ],
)
def test_level_counts_within_bounds_of_noise_and_spread(
    level: float, noise: float, spread: float, mass: float, expected: float
) -> None:
    values = [np.array([value]) for value in (level, noise, spread, mass)]
    with np.errstate(all="ignore"):
        found = bounded_level(*values, least=1.0, most=10.0, floor=1e-3)  # type: ignore[arg-type, misc]  # Four values from a list.
    np.testing.assert_allclose(found, [expected])


def test_where_all_scales_fall_below_their_levels_the_least_fallen_has_its_level() -> None:
    levels = np.array([10.0, -1.0, 4.0, np.nan])
    below, above = np.array([1.0, 0.01, 0.2, np.nan]), np.array([10.0, 1.5, 4e-3, np.nan])
    seen = np.array([0.3, 0.3, 0.3, 0.0])
    np.testing.assert_allclose(without_common_fall(below, levels, seen), [10.0, 0.1, 2.0, np.nan])
    np.testing.assert_array_equal(without_common_fall(above, levels, seen), above)


def test_a_task_counts_in_the_common_fall_by_what_it_has_seen_of_the_horizon() -> None:
    scales, levels = np.array([0.1, 7.0, np.nan]), np.array([1.0, 7.0, np.nan])
    for mass, share in ((0.0, 0.1), (0.02, 0.1), (0.25, 0.5), (0.5, 1.0)):
        found = without_common_fall(scales, levels, np.array([0.5, mass, 0.0]))
        np.testing.assert_allclose(found, scales / share)


def test_where_no_spread_is_known_each_has_its_level() -> None:
    levels = np.array([1.0, -5.0])
    with np.errstate(all="ignore"):
        found = without_common_fall(abs(levels), levels, np.zeros(2))
    np.testing.assert_array_equal(found, abs(levels))
