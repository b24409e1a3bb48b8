"""Which arguments and losses GO4Align takes, and what it says of others."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.methods import GO4Align


def test_changed_number_of_tasks_is_refused_with_advice() -> None:
    method = GO4Align(2)
    method(torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="Mark an absent task with NaN"):
        method(torch.tensor([1.0, 2.0, 3.0]))


def test_more_groups_than_tasks_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 2\], the number of tasks, but is .*Change it"):
        GO4Align(3)(torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"num_groups": 0}, "`num_groups` must be at least 1"),
        ({"beta": -1.0}, "`beta` must be a number of at least 0"),
        ({"beta": math.nan}, "`beta` must be a number of at least 0"),
        ({"num_groups": "auto", "clustering": ungrouped}, "needs the exact solver"),
    ],
)
def test_bad_argument_is_refused_with_advice(arguments: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        GO4Align(**arguments)


@pytest.mark.parametrize("number", [np.int64(2), np.int32(2), np.uint8(2)], ids=lambda n: type(n).__name__)
def test_integers_of_numpy_are_numbers_of_groups(number: Any) -> None:
    method = GO4Align(num_groups=number)
    assert repr(method) == repr(GO4Align(num_groups=2))
    assert method(torch.tensor([1.0, 2.0, 3.0])).isfinite()


@pytest.mark.parametrize("number", [2.0, 2.5, True, "2", [2], np.float64(2)], ids=repr)
def test_what_is_no_integer_is_no_number_of_groups(number: Any) -> None:
    with pytest.raises(TypeError, match="`num_groups` must be an integer, but is"):
        GO4Align(num_groups=number)


@pytest.mark.parametrize("beta", [None, "0.1", True, [0.1]], ids=repr)
def test_what_is_no_number_is_no_temperature(beta: Any) -> None:
    with pytest.raises(TypeError, match="`beta` must be a number of at least 0, but is"):
        GO4Align(beta=beta)


def test_the_former_word_for_an_automatic_number_warns_and_gives_the_same() -> None:
    with pytest.warns(FutureWarning, match="clustering=AutomaticKMeans"):
        former = GO4Align("auto", 0.5)
    method = GO4Align(None, 0.5, clustering=AutomaticKMeans())
    for step in range(5):
        losses = torch.rand(7, generator=torch.Generator().manual_seed(step)) + 0.1
        assert torch.equal(former(losses), method(losses))


@pytest.mark.parametrize("losses", [[1.0, 2.0], (1.0, 2.0), {"a": 1.0}, 1.0, None, "ab"], ids=repr)
def test_losses_that_are_no_tensor_are_refused_with_advice(losses: Any) -> None:
    with pytest.raises(TypeError, match="`losses` must be a tensor of task losses, but is a"):
        GO4Align(1)(losses)


def test_no_loss_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one loss"):
        GO4Align(1)(torch.zeros(0))
