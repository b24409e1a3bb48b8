"""Live charts of what is absent, 0, or there only once, in a real browser: they draw what the stills draw."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from report.browsing import browser

from lightning_go4align.history import History, Validations
from lightning_go4align.plots.curves import weights as still
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.page import page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")]
_CHART = """
const chartOf = (name) => shared.charts.find((one) => one.plot.root.closest(".card").dataset.figure == name);
const read = (name) => document.querySelector(`[data-figure="${name}"] .read`).textContent;
const inked = ({ plot: { ctx, bbox } }, ...places) => {
  const { data, width } = ctx.getImageData(0, 0, ctx.canvas.width, ctx.canvas.height);  // once: more is a warning
  const at = (x, y) => Math.round(bbox.top + y * bbox.height) * width + Math.round(bbox.left + x * bbox.width);
  const ink = (x, y) => data[4 * at(x, y) + 3];
  return places.map(([from, height]) => [...Array(50).keys()].some((k) => ink(from + k / 200, height)));
};
"""


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., tuple[Any, list[str]]]:
    return browser(tmp_path)


def of_first_task(weights: Any, losses: Any = 1.0) -> History:
    """The example run in which the first task has other weights and losses, and all others have 1."""
    arrays: dict[str, Any] = {name: np.ones((60, 4), np.float32) for name in ("weights", "losses")}
    arrays["weights"][:, 0], arrays["losses"][:, 0] = weights, losses
    return replace(example_history(), **arrays)


EVEN = np.arange(60) % 2 == 0
_WEIGHTS = """
const { view, say } = chartOf("weights"), line = view.names.indexOf("segmentation");
say(58, line); const absent = read("weights");
say(59, line);
const { filter } = chartOf("weights").plot.series[line + 1].points;
return [view.shown[line], absent, read("weights"), filter().length];
"""


def test_a_task_that_is_absent_from_every_second_step_has_its_weight_in_the_others(
    browse: Callable[..., tuple[Any, list[str]]],
) -> None:
    history = of_first_task(np.where(EVEN, 0, 2), np.where(EVEN, np.nan, 1))
    (shown, absent, present, dots), console = browse(page(history), _CHART + _WEIGHTS)
    (drawn,) = [line for line in still(history).axes[0].lines if np.isnan(line.get_ydata()).any()]
    assert console == []
    assert shown == [None, 2] * 30
    np.testing.assert_allclose(np.array(shown, float), np.asarray(drawn.get_ydata()))
    assert "segmentation: – " in absent
    assert "segmentation: 2× " in present
    assert dots == 30


_MARKS = """
return inked(chartOf("weights"), [0.1, 0.985], [0.7, 0.985]);
"""


@pytest.mark.parametrize(("last", "marked"), [(0.0, True), (0.5, False)])
def test_a_weight_of_0_has_a_mark_at_the_bottom(
    browse: Callable[..., tuple[Any, list[str]]], last: float, marked: bool
) -> None:
    history = of_first_task(np.where(np.arange(60) < 30, 0.25, last))
    assert browse(page(history), _CHART + _MARKS) == ([False, marked], [])


_AREAS = """
const found = (name) => [...inked(chartOf(name), [0.1, 0.9], [0.7, 0.1]), read(name).slice(0, 7)];
return ["risks_before", "risks_after"].map(found);
"""


def test_areas_of_one_step_fill_the_chart(browse: Callable[..., tuple[Any, list[str]]]) -> None:
    run = of_first_task(2.0)
    rows = {name: getattr(run, name)[:1] for name in ("steps", "weights", "losses", "groups", "indicators")}
    found = browse(page(replace(run, **rows, total=1, windows=run.windows[:1])), _CHART + _AREAS)
    assert found == ([[True, True, "step 0 "]] * 2, [])


_SCORES = "return chartOf('delta_m').plot.series[1].points.filter();"


def test_a_score_between_two_that_are_missing_is_a_dot(browse: Callable[..., tuple[Any, list[str]]]) -> None:
    scores = Validations(**vars(example_history().validations) | {"delta_m": np.array([np.nan, 3.0, np.nan])})
    assert browse(page(replace(example_history(), validations=scores)), _CHART + _SCORES) == ([1], [])


_BOTH = "return ['weights', 'losses'].map((name) => chartOf(name).view.shown[0].slice(0, 3));"


def test_a_line_is_the_mean_of_its_windows_also_where_half_of_them_is_0(
    browse: Callable[..., tuple[Any, list[str]]],
) -> None:
    rows: dict[str, Any] = {
        name: np.tile(getattr(example_history(), name), (6, 1))[:320] for name in ("groups", "indicators")
    }
    rows |= dict.fromkeys(("weights", "losses"), np.where(np.arange(320)[:, None] % 2, [4, 4, 1, 1], [0, 0, 1, 1]))
    run = replace(example_history(), steps=np.arange(320), total=320, **rows)
    assert browse(page(run), _CHART + _BOTH) == ([[2, 2, 2]] * 2, [])
