"""Pages with many tasks, as they are printed on A4 and shown on a small screen, in a real browser."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plots.made_up import make_run
from report.browsing import browser

from lightning_go4align.report.command import write_pages
from lightning_go4align.report.page import page

pytestmark = [pytest.mark.browser, pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium")]
PAPER = 703  # pixels: A4 without its margins of 12 mm, at 96 in an inch
# Sizes as they are seen, in points, of all words that are seen; a picture may be scaled.
SMALLEST = """
const scale = (one) => (one.ownerSVGElement ? one.ownerSVGElement.getScreenCTM().a : 1);
const says = (one) => [...one.childNodes].some((node) => node.nodeType == 3 && node.data.trim());
const points = (one) => 0.75 * scale(one) * parseFloat(getComputedStyle(one).fontSize);
const words = [...document.querySelectorAll("main *")].filter((one) => one.checkVisibility() && says(one));
const sizes = words.map((one) => [points(one), one.textContent.slice(0, 40)]);
const figures = [...document.querySelectorAll("figure")].filter((one) => one.checkVisibility());
return { words: sizes.length, small: sizes.filter(([size]) => size < LEAST), figures: figures.length,
  wide: figures.filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.ariaLabel.slice(0, 40)),
  high: figures.map((one) => one.getBoundingClientRect().height).filter((height) => height > 236 / 25.4 * 96) };
"""


@pytest.fixture(scope="module")
def many_tasks() -> str:
    """The page of a run with 250 tasks: more than a matrix, a heat map or bars have rows."""
    return page(make_run(250, 6, 40, epochs=3))


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., tuple[Any, list[str]]]:
    return browser(tmp_path)


def printed(html: str) -> str:
    """A page on whose screen stands what would stand on paper."""
    return html.replace("@media print", "@media all").replace("@media screen", "@media not all")


def test_no_printed_word_is_smaller_than_7_points(
    browse: Callable[..., tuple[Any, list[str]]], many_tasks: str, run_in: Callable[..., Path]
) -> None:
    compared = write_pages([run_in("a", seed=1, lr=0.1), run_in("b", seed=1, lr=0.2, method="Sum()")])
    for html, figures in ((many_tasks, 13), (compared.read_text(encoding="utf-8"), 2)):
        told, _ = browse(printed(html), SMALLEST.replace("LEAST", "7"), width=PAPER)
        assert told["words"] > 100
        assert (told["small"], told["wide"], told["high"]) == ([], [], [])
        assert told["figures"] == figures  # none twice, none that scripts draw


def test_pictures_that_scripts_do_not_draw_anew_fit_a_phone(
    browse: Callable[..., tuple[Any, list[str]]], many_tasks: str, run_in: Callable[..., Path]
) -> None:
    compared = write_pages([run_in("a", seed=1, lr=0.1), run_in("b", seed=1, lr=0.2, method="Sum()")])
    for html, wide in ((many_tasks, 1), (compared.read_text(encoding="utf-8"), 0)):  # the matrix is scrolled
        told, console = browse(html, SMALLEST.replace("LEAST", "7"), width=500)
        assert (told["small"], console) == ([], [])
        assert len(told["wide"]) == wide


def test_the_search_of_a_comparison_leaves_the_rows_that_are_looked_for(
    browse: Callable[..., tuple[Any, list[str]]], run_in: Callable[..., Path]
) -> None:
    runs = [run_in("a", seed=1, lr=0.1), run_in("b", seed=1, lr=0.2, method="Sum()")]
    script = """
    const field = document.getElementById("search");
    field.value = "DEP, edg";
    field.oninput();
    await wait(400);
    const left = [...document.querySelectorAll("tr[data-task]:not(.off)")].map((row) => row.dataset.task);
    return [[...new Set(left)].sort(), document.getElementById("found").textContent];
    """
    told, console = browse(write_pages(runs).read_text(encoding="utf-8"), script)
    assert (told, console) == ([["depth", "edges"], "2 of 5 names"], [])  # four tasks, and ∆m


def test_many_settings_that_differ_fit_on_paper(
    browse: Callable[..., tuple[Any, list[str]]], run_in: Callable[..., Path]
) -> None:
    # A browser prints a page that is wider than the paper smaller, and cuts what is still too wide.
    keys = [f"trainer.some_setting_with_a_name_{at}" for at in range(14)]
    runs = [run_in(f"v_{seed}", seed=seed, **dict.fromkeys(keys, f"/{seed}/" + "path/" * 6)) for seed in range(3)]
    script = """
    const box = document.documentElement;
    return [box.scrollWidth - box.clientWidth, document.querySelectorAll(".whole").length];
    """
    for html in (write_pages(runs), write_pages([runs[0].parent])):
        told, _ = browse(printed(html.read_text(encoding="utf-8")), script, width=PAPER)
        assert told == [0, 4]  # the runs, and their settings in three tables
