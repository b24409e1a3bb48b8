"""Charts that the page's scripts draw, in a real browser: names are whole, ticks are round numbers."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from plots.made_up import make_run
from report.browsing import browser

from lightning_go4align.plots.example import example_history
from lightning_go4align.report.page import page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")]


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., tuple[Any, list[str]]]:
    return browser(tmp_path)


# A name that is cut has ink at the very edge of its chart.
_EDGES = """
const inked = ({ plot }) => plot.ctx.getImageData(0, 0, 2, plot.ctx.canvas.height).data.some((value) => value);
return shared.charts.filter((chart) => chart.spec.kind == "rows").map(inked);
"""


@pytest.mark.parametrize(
    ("name", "width"),
    [
        ("WWWWWWWWWWWWWWWWWW", 1400),
        ("WWWWWWWWWWWWWWWWWW", 500),
        ("Mouth_Slightly_Open", 500),
        ("深度估计的误差和法線的誤差", 500),
    ],
)
def test_names_of_rows_are_not_cut(browse: Callable[..., tuple[Any, list[str]]], name: str, width: int) -> None:
    history = make_run(4, 2, 40)
    named = replace(history, tasks=(name, *history.tasks[1:]))
    assert browse(page(named), _EDGES, width=width) == ([False, False], [])


_ROWS = "return shared.charts.filter((one) => one.spec.kind == 'rows').map((one) => one.plot.axes[1]._values);"


def test_names_of_rows_have_one_line_each(browse: Callable[..., tuple[Any, list[str]]]) -> None:
    history = make_run(2, 2, 40)
    named = replace(history, tasks=("a\nb", "c"))  # as the stills, which drop what cannot be printed
    (rows, *_), console = browse(page(named), _ROWS)
    assert (sorted(rows), console) == (["ab", "c"], [])


_TICKS = "return [[0.756, 1.81], [0.34, 29], [0.0021, 0.0029], [1e-7, 90]].map(([low, high]) => decades(low, high));"


def test_ticks_of_a_log_axis_are_round_however_short_it_is(browse: Callable[..., tuple[Any, list[str]]]) -> None:
    told, _ = browse(page(make_run(3, 2, 40)), _TICKS)
    assert told == [
        [0.8, 1, 1.2, 1.4, 1.6, 1.8],
        [0.5, 1, 2, 5, 10, 20],
        [0.0022, 0.0024, 0.0026, 0.0028],
        pytest.approx([1e-7, 1e-5, 1e-3, 1e-1, 10]),
    ]


_AXES = """
const ticks = (name) => {
  const chart = shared.charts.find((one) => one.plot.root.closest(".card").dataset.figure == name);
  return chart.plot.axes[1]._values.map(Number);
};
return [ticks("stability"), ticks("moves")];
"""


def test_axes_of_groups_that_never_change_show_no_number_that_there_cannot_be(
    browse: Callable[..., tuple[Any, list[str]]],
) -> None:
    example = example_history()
    still = replace(example.windows, rand=example.windows.transitions, adjusted_rand=example.windows.transitions)
    windows = replace(still, moves=0 * still.moves)
    (stability, moves), console = browse(page(replace(example, windows=windows)), _AXES)
    assert console == []
    assert (min(stability), max(stability)) == (0, 1)
    assert (min(moves), max(moves)) == (0, 1)


_RELOADED = """
const data = await shared.drawn;
const places = () => blocks().map((block) => Math.round(block.getBoundingClientRect().top));
const seen = () => [shared.from, shared.to, places().findIndex((top) => top > 0), places().find((top) => top > 0)];
if (!sessionStorage.getItem("before")) {
  zoom(10, 30, data);
  await wait(100);
  scrollTo(0, 1500);
  sessionStorage.setItem("before", JSON.stringify([scrollY, ...seen()]));
  keep(data);
  location.reload();
  await new Promise(() => {});
}
return [JSON.parse(sessionStorage.getItem("before")), [scrollY, ...seen()]];
"""


def test_a_page_that_follows_its_run_is_loaded_again_where_it_was(
    browse: Callable[..., tuple[Any, list[str]]],
) -> None:
    (before, after), console = browse(page(make_run(30, 3, 60)), _RELOADED, serves=True)
    assert console == []
    assert before[:3] == [1500, 10, 30]
    assert after == before
