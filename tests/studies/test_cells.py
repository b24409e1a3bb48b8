import math

import pytest

from lightning_go4align.studies.cells import cell, cells


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
@pytest.mark.parametrize("sign", [1, -1])
def test_what_is_no_number_is_neither_printed_nor_best(value: float, sign: int) -> None:
    assert cells([[value, 1.0], [2.0], []], sign) == ["-", "**2.00**", "-"]


def test_nothing_is_best_where_nothing_is_known() -> None:
    assert cells([[], [math.inf]], 1) == ["-", "-"]


@pytest.mark.parametrize("value", [0.04, 0.0, -0.0, -0.04])
def test_what_rounds_to_zero_has_no_sign(value: float) -> None:
    assert cell([value], "{:+.1f}") == "0.0"
