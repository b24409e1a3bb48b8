"""A few tasks weighed in plain numbers: to the bit what NumPy finds, which the other ways are compared with."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.weighing import weigh_tasks
from lightning_go4align.functional.weighing_numpy import weigh_by_numpy
from lightning_go4align.functional.weighing_plain import FEW

PROPERTY = settings(max_examples=150)
# Few values, so that many are equal; any size; and what takes no part.
USUAL = st.one_of(st.sampled_from([1.0, 2.0, 3.0, 1e-3]), st.floats(1e-149, 1e149), st.floats(0.5, 1.5))
ANY = st.one_of(USUAL, st.sampled_from([math.nan, math.inf, 0.0, -1.0, 1e-160]))
STATES = st.one_of(st.just(0.0), st.floats(-800.0, 10.0))


def bits(found: Any) -> list[bytes]:
    return [np.asarray(part).tobytes() for part in found]


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("losses", [USUAL, ANY], ids=["usual", "any"])
@given(st.data())
@PROPERTY
def test_a_few_tasks_are_weighed_to_the_bit_as_in_arrays(
    losses: st.SearchStrategy[float], reduction: Reduction, data: st.DataObject
) -> None:
    pairs = data.draw(st.lists(st.tuples(losses, STATES), min_size=1, max_size=FEW + 2))
    num_groups, beta = data.draw(st.integers(1, len(pairs))), data.draw(st.sampled_from([0.0, 1e-4, 5.0]))
    values, before = (np.array(column) for column in zip(*pairs, strict=True))
    state = torch.from_numpy(before.copy())
    found = weigh_tasks(torch.from_numpy(values), state, num_groups, beta, reduction)
    expected = weigh_by_numpy(values, before, num_groups, beta, reduction)
    assert bits([found.indicators, *found.grouping, found.task_weights, state]) == bits([*expected, before])
