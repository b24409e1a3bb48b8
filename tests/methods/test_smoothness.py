import math
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from lightning_go4align.clustering import ungrouped
from lightning_go4align.methods import GO4Align, Smoothness

HISTORY = torch.rand(10, 4, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) + 0.1


def last_weights(method: Any) -> Tensor:
    for losses in HISTORY:
        method(losses)
    return cast(Tensor, method.task_weights)


def test_smoothness_alone_is_the_softmax_of_the_cumulative_losses() -> None:
    expected = (-0.3 * HISTORY.sum(0)).softmax(0)
    torch.testing.assert_close(last_weights(Smoothness(0.3, reduction="mean")), expected)


def test_weights_of_smoothness_alone_average_1_as_those_of_a_plain_sum() -> None:
    assert last_weights(Smoothness(0.3)).mean().item() == pytest.approx(1)


def test_scale_alone_is_the_mean_loss_over_each_loss() -> None:
    method = GO4Align(beta=0.0, clustering=ungrouped)
    torch.testing.assert_close(last_weights(method), HISTORY[-1].mean() / HISTORY[-1])


def test_without_grouping_both_parts_multiply() -> None:
    both = last_weights(GO4Align(beta=0.3, clustering=ungrouped))
    scale = last_weights(GO4Align(beta=0.0, clustering=ungrouped))
    torch.testing.assert_close(both, scale * last_weights(Smoothness(0.3)))


def test_absent_task_has_weight_0_and_keeps_its_state() -> None:
    method = Smoothness(1.0)
    method(torch.tensor([1.0, math.nan]))
    assert method.task_weights[1] == 0
    assert method.log_smoothness.tolist() == [-1.0, 0.0]


def test_state_can_be_loaded_before_the_first_call() -> None:
    method, resumed = Smoothness(0.3), Smoothness(0.3)
    last_weights(method)
    resumed.load_state_dict(method.state_dict())
    assert torch.equal(resumed(HISTORY[0]), method(HISTORY[0]))


def test_negative_temperature_is_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"`beta` must be a number of at least 0, but is -"):
        Smoothness(-1.0)
