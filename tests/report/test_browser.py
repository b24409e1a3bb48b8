"""The pages in a real browser: nothing for axe-core to find, no error, and everything reachable by keyboard."""

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from isolation import child_environment
from report.browsing import browser

from lightning_go4align.config_files import find_config
from lightning_go4align.plots import comparison_bars
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.command import write_pages
from lightning_go4align.report.page import page
from lightning_go4align.studies.cells import markdown
from lightning_go4align.studies.figures import save
from lightning_go4align.studies.page import write_page
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.reading import read_study

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(not (shutil.which("chromium") and shutil.which("npm")), reason="needs Chromium and npm"),
]
_AXE = """
const rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];
const found = await axe.run(document, { runOnly: rules });
return found.violations.map((one) => [one.id, one.nodes.map((node) => node.html.slice(0, 200))]);
"""


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("axe")
    command = ["npm", "install", "--silent", "--prefix", str(folder), "axe-core@4.14.1"]
    subprocess.run(command, check=True, timeout=120, env=child_environment())
    return (folder / "node_modules" / "axe-core" / "axe.min.js").read_text(encoding="utf-8")


@pytest.fixture
def browse(tmp_path: Path) -> Callable[..., tuple[Any, list[str]]]:
    return browser(tmp_path)


@pytest.fixture(scope="module")
def one_run() -> str:
    history = example_history()
    weights = history.weights.copy()
    weights[:, 0] = 0  # an alarm, too
    return page(replace(history, weights=weights).with_notes(seconds=9.0), {"seed_everything": "0"})


@pytest.mark.parametrize("width", [1400, 800, 500])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_the_page_of_a_run(
    browse: Callable[..., tuple[Any, list[str]]], axe: str, one_run: str, width: int, scheme: str
) -> None:
    options = ["--blink-settings=preferredColorScheme=" + ("0" if scheme == "dark" else "1")]
    assert browse(one_run, _AXE, *options, width=width, before=axe) == ([], [])


def test_axe_finds_nothing_on_the_pages_of_several_runs(
    browse: Callable[..., tuple[Any, list[str]]], axe: str, run_in: Callable[..., Path], tmp_path: Path
) -> None:
    runs = [
        run_in(f"v_{at}", "UW()" if at else "Sum()", seed=1, **{f"s{k}": at for k in range(14)}) for at in range(12)
    ]
    for html in (write_pages(runs[:2]), write_pages([tmp_path])):  # an index with a search; both with many settings
        assert browse(html.read_text(encoding="utf-8"), _AXE, before=axe) == ([], [])


def test_axe_finds_nothing_on_a_page_that_follows_its_run(
    browse: Callable[..., tuple[Any, list[str]]], axe: str, one_run: str
) -> None:
    says = 'const state = document.getElementById("state").textContent;'
    script = says + _AXE.replace("return ", "return state != 'Live' ? state : ")
    assert browse(one_run, script, before=axe, serves=True) == ([], [])


def test_axe_finds_nothing_on_the_page_of_a_study(
    browse: Callable[..., tuple[Any, list[str]]], axe: str, tmp_path: Path
) -> None:
    study = read_study(find_config("studies/toy"))
    (tmp_path / "table.md").write_text(markdown(["method", "∆m% ↓"], [["LS", "**+3.0**"], ["SI", "-"]]))
    save(comparison_bars({"LS": [1.0, 2.0], "SI": [1.5]}), tmp_path / "delta_m.png")
    html = write_page(make_plan(study), tmp_path, "go4align study", list(tmp_path.glob("*.png"))).read_text(
        encoding="utf-8"
    )
    assert browse(html, _AXE, before=axe) == ([], [])
    assert browse(html, _AXE, width=500, before=axe) == ([], [])


_WIDER = """
const scrolls = (one) => one && (getComputedStyle(one).overflowX == "auto" || scrolls(one.parentElement));
const wide = (one) => one.getBoundingClientRect().right > innerWidth + 1 && !scrolls(one);
return [...document.querySelectorAll("body *")].filter(wide).map((one) => one.outerHTML.slice(0, 200));
"""


def test_nothing_is_wider_than_a_small_screen(
    browse: Callable[..., tuple[Any, list[str]]], one_run: str, run_in: Callable[..., Path], tmp_path: Path
) -> None:
    long = "a_name_that_cannot_be_broken_" * 5
    runs = [run_in(long, seed=1, lr=0.1), run_in("b", seed=1, lr=0.2, method=f"{long}()")]
    (tmp_path / "c" / long).mkdir(parents=True)
    (tmp_path / "c" / long / "group_dynamics.npz").touch()  # is said to be damaged
    pages = [write_pages(found).read_text(encoding="utf-8") for found in (runs, [tmp_path])]
    for html in (one_run, *pages):
        assert browse(html, _WIDER, width=500) == ([], [])


_USE = """
const card = document.querySelector('[data-figure="weights"]'), live = card.querySelector(".live");
const press = (key) => live.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
const words = () => card.querySelector(".read").textContent;
const told = { drawn: document.querySelectorAll(".drawn").length };
press("Home"); told.first = words();
press("ArrowRight"); told.second = words();
press("ArrowDown"); told.other = words();
const series = () => shared.charts.find((one) => live.contains(one.plot.root)).plot.series.slice(1);
told.standsOut = series().map((one) => [one.alpha, one.width]);
press("+"); told.zoomed = [shared.from, shared.to];
press("0"); told.whole = [shared.from, shared.to];
told.after = series().map((one) => one.alpha);
const matrix = document.querySelector('[data-figure="co_assignment"]');
matrix.querySelector("figure").dispatchEvent(new KeyboardEvent("keydown", { key: "ArrowRight", bubbles: true }));
told.matrix = matrix.querySelector(".read").textContent;
document.getElementById("search").value = "dep, edg";
document.getElementById("search").oninput();
await wait(400);
told.found = document.getElementById("found").textContent;
const shown = [...document.querySelectorAll("tr[data-task]:not(.off)")].map((row) => row.dataset.task);
told.rows = [...new Set(shown)].sort();
const saved = {};
window.save = async (blob, name) => { saved[name] = blob; };
for (const id of ["csv", "json"]) document.getElementById(id).click();
card.querySelectorAll(".tools button").forEach((button) => button.click());
for (let i = 0; i < 2400 && Object.keys(saved).length < 4; i++) await wait(5);  // not the clock's time
told.csv = (await saved["steps.csv"].text()).split("\\r\\n").slice(0, 2);
told.json = JSON.parse(await saved["run.json"].text()).total;
told.svg = (await saved["weights.svg"].text()).includes("var(--");
told.png = saved["weights.png"].type;
return told;
"""


def test_keys_reach_values_search_marks_tasks_and_downloads_hold_the_data(
    browse: Callable[..., tuple[Any, list[str]]],
) -> None:
    told, console = browse(page(example_history()), _USE)
    assert console == []
    assert told["drawn"] == 10  # all that have steps or epochs; the matrix and two of metrics stay still
    assert told["first"].startswith("step 0 ")
    assert "normal: 1.5×" in told["first"]
    assert told["second"].startswith("step 1 ")
    assert told["other"].index("edges") < told["other"].index("normal")
    assert told["standsOut"] == [[0.25, 1.7], [1, 3], [0.25, 1.7], [0.25, 1.7]]  # the second line, not by its hue
    assert told["after"] == [1, 1, 1, 1]
    assert told["zoomed"][1] - told["zoomed"][0] == pytest.approx(30, abs=16)  # half, cut at the run's end
    assert told["whole"] == [0, 60]
    assert told["matrix"] == "normal and edges share a group in 100% of steps"
    assert (told["found"], told["rows"]) == ("2 of 4 tasks", ["depth", "edges"])
    assert told["csv"][0].startswith('"step","loss/normal","loss/edges"')
    assert told["csv"][1].startswith("0,1.333,1.333,4,4,1.5")  # 2 / 1.5, 2 / 0.5 and the first weight
    assert (told["json"], told["svg"], told["png"]) == (60, False, "image/png")


def test_hostile_names_do_not_run(browse: Callable[..., tuple[Any, list[str]]]) -> None:
    names = ("</script><script>window.ran=1</script>", "<img src=x onerror=window.ran=1>", "=1+1", "../../x")
    html = page(replace(example_history(), tasks=names, metrics=names).with_notes(run="../../x"))
    told, console = browse(html, "return [window.ran ?? null, asTable(await unpack()).split('\\r\\n')[0]];")
    assert (told[0], console) == (None, [])
    assert '"loss/=1+1"' in told[1]
