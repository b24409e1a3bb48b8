"""Methods beside each other over many tasks: what tells them apart comes first, and no digit is invented."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest

from lightning_go4align.history import History
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.beside import beside, mean_and_spread, paired, plus_minus
from lightning_go4align.report.runs import Run

NAMES = [f"task_{index:02d}" for index in range(20)]


def runs(method: str, offset: Callable[[int], float]) -> list[Run]:
    """Three runs whose change of task i is offset(i), and a tenth more with each seed."""
    return [Run(Path(method), with_numbers(offset, seed), {}, method, str(seed), method) for seed in range(3)]


def with_numbers(offset: Callable[[int], float], seed: int) -> History:
    weights = np.array([[offset(index) + seed / 10 for index in range(len(NAMES))]], np.float32)
    return replace(History.empty(NAMES), steps=np.arange(1), weights=weights, losses=weights, total=1)


def numbers(history: History) -> dict[str, float]:
    return dict(zip(history.tasks, history.weights[0].tolist(), strict=True))


def first_cells(html: str) -> list[str]:
    return re.findall(r'<th scope="row">([^<]*)</th>', html)


@pytest.fixture
def methods() -> dict[str, list[Run]]:
    return {"LS": runs("LS", lambda index: 1.0 + index), "SI": runs("SI", lambda index: 1.0 + index + (index == 7))}


def test_rows_in_which_methods_lie_furthest_apart_come_first(methods: dict[str, list[Run]]) -> None:
    assert first_cells(beside("weights", methods, numbers))[:3] == ["task_07", "task_00", "task_01"]


def test_ratios_lie_apart_by_their_factor() -> None:
    given = {"LS": runs("LS", lambda index: 1.0 + index), "SI": runs("SI", lambda index: 2.0 + index)}
    # all differ by 1: of 1 that is twice as much, of 20 it is little
    assert first_cells(beside("weights", given, numbers, ratios=True)) == NAMES


def test_few_rows_stay_in_their_order(methods: dict[str, list[Run]]) -> None:
    html = beside("weights", methods, lambda history: dict(list(numbers(history).items())[:9]))
    assert first_cells(html) == NAMES[:9]
    assert "come first" not in html


def test_many_differences_are_counted_before_they_are_listed(methods: dict[str, list[Run]]) -> None:
    html = unescape(paired("weights", methods, numbers))
    said = "<b>SI</b> less <b>LS</b>: lower in 0 and higher in 1 of 20, median 0;"
    assert said in html
    assert html.index(said) < html.index("<table")
    assert first_cells(html)[0] == "task_07"


@pytest.mark.parametrize(
    ("mean", "spread", "written"),
    [
        pytest.param(-0.4512, 5.2134, "−0.5 ± 5.2", id="the spread is larger"),
        pytest.param(177_214.0, 1310.0, "177200 ± 1300", id="thousands"),
        pytest.param(0.0, 0.5, "0.00 ± 0.50", id="mean 0"),
        pytest.param(2.5, 0.0, "2.5 ± 0", id="no spread"),
        pytest.param(3e-9, 2e-10, "3e−9 ± 2e−10", id="tiny"),
    ],
)
def test_a_mean_has_the_digits_that_its_spread_leaves(mean: float, spread: float, written: str) -> None:
    assert plus_minus(mean, spread) == written


def test_what_is_unknown_does_not_count() -> None:
    assert mean_and_spread([np.nan, 4.0, 6.0]) == "5.0 ± 1.4"
    assert mean_and_spread([np.nan]) == "–"


def test_names_are_data_in_the_sentences_too() -> None:
    hostile = "**<b>`x`</b>**"
    given = {hostile: runs(hostile, lambda index: 1.0), "SI": runs("SI", lambda index: 2.0)}
    html = paired("weights", given, numbers)
    assert html.count("<b>") == 2  # around the names of the two methods
    assert html.count("&lt;b&gt;") == 2  # in a sentence, and over a column


def test_methods_without_a_seed_in_common_are_not_paired() -> None:
    given = {
        name: [Run(Path(), example_history(), {}, name, str(seed), name)] for seed, name in enumerate(("LS", "SI"))
    }
    assert "No other method has a run with a seed of LS" in paired("weights", given, numbers)
