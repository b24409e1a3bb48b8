from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch

from lightning_go4align.functional.shared_risk import constant_risk, mean_scale, within_reach

NAN = float("nan")
WEIGHTS = torch.tensor([1.0, 3.0, 2.0, 9.0], dtype=torch.float64)
SCALES = torch.tensor([2.0, 0.5, 4.0, NAN], dtype=torch.float64)


def test_each_task_that_is_there_contributes_1_in_the_mean() -> None:
    weights = constant_risk(WEIGHTS, SCALES)
    assert (weights * SCALES)[:3].sum().item() == pytest.approx(3)
    assert (weights / WEIGHTS)[:3].unique().numel() == 1
    assert weights[3] == 0


def test_weighted_scales_add_up_to_the_scales() -> None:
    weights = mean_scale(WEIGHTS, SCALES)
    assert (weights * SCALES)[:3].sum().item() == pytest.approx(6.5)
    assert weights[3] == 0


@pytest.mark.parametrize("normalization", [constant_risk, mean_scale])
def test_without_any_task_all_weights_are_0(normalization: Callable[..., Any]) -> None:
    assert not normalization(WEIGHTS, torch.full((4,), NAN)).any()


def test_a_task_far_from_its_group_keeps_a_weight_within_reach_of_its_own() -> None:
    weights, indicators = np.array([30.0, 30.0, 2.0, 0.0]), np.array([90.0, 1.0, 200.0, 5.0])
    found = within_reach(np.array([1, 1, 0, -1]), weights, indicators, reach=5.0)
    np.testing.assert_array_equal(found[0], [30.0, 5.0, 40.0, 0.0])
