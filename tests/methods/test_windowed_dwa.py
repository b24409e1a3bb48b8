import math
from typing import Any, cast

import pytest
import torch
from torch import Tensor

from lightning_go4align.methods import WindowedDWA


def weights_after(method: Any, history: list[list[float]]) -> Tensor:
    for losses in history:
        method(torch.tensor(losses))
    return cast(Tensor, method.task_weights)


def test_weights_are_equal_until_more_steps_than_a_window_have_run() -> None:
    history = [[1.0, 9.0], [2.0, 1.0], [3.0, 5.0]]
    assert weights_after(WindowedDWA(window=2), history).tolist() == [0.5, 0.5]


def test_weights_compare_the_last_window_with_the_one_before() -> None:
    history = [[1.0, 8.0], [3.0, 8.0], [1.0, 4.0], [1.0, 4.0]]
    expected = torch.tensor([(1 + 1) / (1 + 3) / 2.0, (4 + 4) / (8 + 8) / 2.0]).softmax(0)
    torch.testing.assert_close(weights_after(WindowedDWA(window=2), history).float(), expected)


def test_objective_is_the_mean_of_the_weighted_losses() -> None:
    assert WindowedDWA()(torch.tensor([2.0, 4.0])).item() == 3.0


def test_absent_task_keeps_its_windows() -> None:
    absent = [[1.0, 8.0], [3.0, 8.0], [1.0, math.nan], [1.0, 4.0], [1.0, 4.0]]
    present = [[1.0, 8.0], [3.0, 8.0], [1.0, 4.0], [1.0, 4.0]]
    one, other = WindowedDWA(window=2), WindowedDWA(window=2)
    weights_after(one, absent)
    weights_after(other, present)
    assert torch.equal(one.history[:, 1], other.history[:, 1])


def test_task_is_absent_at_a_step_of_weight_0() -> None:
    assert weights_after(WindowedDWA(), [[1.0, math.nan]]).tolist() == [0.5, 0.0]


@pytest.mark.parametrize("arguments", [{"window": 0}, {"temperature": 0.0}], ids=str)
def test_bad_argument_is_refused_with_advice(arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"`window` must be at least 1, but|`temperature` must be positive"):
        WindowedDWA(**arguments)


def test_losses_before_the_first_count_as_1() -> None:
    history = [[3.0, 1.0], [2.0, 4.0], [2.0, 2.0], [4.0, 2.0], [3.0, 8.0]]
    # The last three, 3 and 4 in the mean, over the three before, of which the first is 1: 2 and 2.
    expected = torch.tensor([3 / 2, 4 / 2], dtype=torch.float64).div(2).softmax(0)
    torch.testing.assert_close(weights_after(WindowedDWA(window=3), history), expected)
