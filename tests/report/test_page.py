import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
import torch
from hostile_names import SHOWN
from torch import Tensor

from lightning_go4align.history import History, Validations
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.plain_text import in_html
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.style import palette
from lightning_go4align.report import write_report
from lightning_go4align.report.facts import sentences, tiles
from lightning_go4align.report.page import page
from lightning_go4align.report.tables import table


def make_steps(generator: torch.Generator, steps: int, tasks: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    indicators = torch.rand(steps, tasks, generator=generator)
    groups = torch.randint(8, (steps, tasks), generator=generator)
    return groups, 0.1 + groups.float(), indicators, 1 / indicators


@pytest.fixture(scope="module")
def forty_tasks() -> str:
    """As much as a log can hold: restless groups, a different loss in every step."""
    recorder = Recorder(History.empty([f"attribute_{index}" for index in range(40)]))
    recorder.extend(*make_steps(torch.Generator().manual_seed(0), 4096, 40))
    for epoch in range(1, 41):
        values = {f"val/delta/f1_{index}": 50.0 / epoch - index for index in range(40)}
        recorder.score(epoch, {"val/delta_m": 50.0 / epoch} | values, torch.arange(40))
    return page(recorder.history)


@pytest.fixture(scope="module")
def example() -> str:
    return page(example_history())


def test_the_page_of_forty_tasks_has_every_figure_and_is_below_2_megabytes(forty_tasks: str) -> None:
    assert forty_tasks.count("<svg") == 15  # two of them once more, for phones
    assert len(forty_tasks.encode()) < 2e6


@pytest.mark.slow
def test_the_page_of_a_thousand_tasks_and_a_million_steps_is_below_5_megabytes() -> None:
    generator = torch.Generator().manual_seed(0)
    recorder = Recorder(History.empty([f"task_{index}" for index in range(1000)]), capacity=512)
    recorder.extend(*make_steps(generator, 600, 1000))
    sampled = replace(recorder.history, steps=recorder.history.steps * 2000, total=1_000_000)
    assert len(page(sampled).encode()) < 5e6


def test_the_page_needs_nothing_from_outside(forty_tasks: str) -> None:
    addresses = set(re.findall(r"https?://[^\"'\s)<]+", forty_tasks))
    # Names of two vocabularies, and where uPlot's licence names its home; nothing is loaded from any.
    home = "https://github.com/leeoniya/uPlot"
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink", home}
    sources = re.findall(
        r"(?:href|src)=\"([^\"]*)\"|url\(([^)]*)\)", re.sub(r"<script>.*?</script>", "", forty_tasks)
    )
    assert all((first + second).startswith(("data:", "#")) for first, second in sources)
    assert not re.search(r"<(?:script|link|img|iframe)[^>]* src=", forty_tasks)


def test_figures_are_well_formed_and_hold_no_nan(forty_tasks: str) -> None:
    for figure in re.findall(r"<svg.*?</svg>", forty_tasks, re.DOTALL):
        ElementTree.fromstring(figure)
        assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", figure), re.IGNORECASE)


def test_figures_follow_the_colours_of_the_reader(example: str) -> None:
    figures = "".join(re.findall(r"<svg.*?</svg>", example, re.DOTALL))
    assert not [colour for colour in palette("light").values() if colour in figures]
    assert set(re.findall(r"var\(--(\w+)\)", figures)) <= set(palette("dark"))


def test_names_of_tasks_and_runs_are_text_not_markup() -> None:
    history = example_history().with_notes(run="<script>alert(1)</script>")
    names = ("</script><script>alert(2)</script>", "&amp;", "$name", '**x** "onload=')
    found = page(replace(history, tasks=names, metrics=names))
    assert not re.search(r"<script>alert|<[^<>]*\"onload=", found)
    for name in ("&lt;/script&gt;", "&amp;amp;", "$name", "&quot;onload="):
        assert name in found


def test_control_characters_in_names_leave_figures_well_formed() -> None:
    names = ("a\x01b", "c\x1bd", "e\x0bf", "g")
    found = page(replace(example_history(), tasks=names, metrics=names))
    roots = [ElementTree.fromstring(figure) for figure in re.findall(r"<svg.*?</svg>", found, re.DOTALL)]
    assert {root.tag.rpartition("}")[2] for root in roots} == {"svg"}


def test_tiles_have_one_sign_and_count_metrics_that_have_a_value() -> None:
    history = example_history()
    windows = replace(history.windows, adjusted_rand=-0.2 * history.windows.transitions)
    changes = history.validations.changes.copy()
    changes[-1, 1] = np.nan
    validations = replace(history.validations, changes=changes)
    found = {tile.label: tile for tile in tiles(replace(history, windows=windows, validations=validations))}
    assert found["stability"].detail == "adjusted for chance −0.20"
    assert found["metrics beating STL"].value == "2 of 3"


def one_step() -> History:
    recorder = Recorder(History.empty(["depth", "normal"]))
    recorder.extend(torch.tensor([[0, 1]]), *torch.ones(3, 1, 2))
    return recorder.history


def lost() -> History:
    recorder = Recorder(History.empty(["depth", "normal"]))
    nan = torch.full((9, 2), torch.nan)
    recorder.extend(torch.full((9, 2), -1), nan, nan, nan)
    recorder.score(1, {"val/delta_m": float("nan"), "val/delta/depth": float("nan")}, None)
    return recorder.history


@pytest.mark.parametrize(
    ("make", "figures"),
    [
        pytest.param(lambda: History.empty(["depth"]), 0, id="no step"),
        pytest.param(one_step, 6, id="one step"),
        pytest.param(lambda: replace(example_history(), validations=Validations.none()), 10, id="no delta_m"),
        pytest.param(lost, 1, id="every loss is NaN"),
    ],
)
def test_a_degenerate_run_gives_a_page(make: Callable[..., Any], figures: int) -> None:
    assert page(make()).count("<svg") == figures


def test_the_page_counts_epochs_and_not_validations() -> None:
    validations = replace(example_history().validations, epochs=np.array([2, 4, 20 / 3]))
    found = page(replace(example_history(), validations=validations))
    assert "epochs <b>6.67</b>" in found
    assert "epoch 6.67 of 6.67" in found
    assert "· epoch 6.67<" in found


def test_every_figure_says_what_it_shows(example: str) -> None:
    said = re.findall(r'<figure class="\w+" role="img" tabindex="0" aria-label="([^"]+)"', example)
    assert len(said) == 15
    assert "Line of ∆m over 3 validations, from +40.0% to −2.5%; best −2.5% in epoch 3" in " ".join(said)
    assert "At the end: normal in group 1, edges in group 1, depth in group 0, segmentation in group 0" in said[0]


def test_every_region_that_scrolls_can_be_reached_by_keyboard(example: str) -> None:
    for scrolling in re.findall(r'<(?:figure|div class="table")[^>]*>', example):
        assert 'tabindex="0"' in scrolling


def test_letters_that_no_font_of_ours_has_are_shown_without_a_warning() -> None:
    names = tuple(SHOWN[kind] for kind in ("emoji", "joined emoji", "right to left", "300 characters"))
    found = page(replace(example_history(), tasks=names, metrics=names))
    assert all(f'<th scope="row">{name}</th>' in found for name in names)


def test_the_page_says_how_the_run_was_made_and_hides_secrets(tmp_path: Path) -> None:
    history = example_history().with_notes(
        started="2024-12-10T09:30:00+01:00", seconds=7300.0, command="go4align fit"
    )
    history.with_notes(versions="torch 2.13.0").save(tmp_path)
    (tmp_path / "config.yaml").write_text("seed_everything: 7\ntrainer: {logger: {api_key: abc123, name: qm9}}\n")
    found = write_report(tmp_path).read_text(encoding="utf-8")
    for words in ("2024-12-10 09:30", "2 h 2 min", "go4align fit", "torch 2.13.0", "seed_everything", "qm9"):
        assert words in found
    assert "abc123" not in found


def test_the_report_is_made_again_from_the_log_alone(tmp_path: Path) -> None:
    example_history().save(tmp_path)
    assert write_report(tmp_path) == tmp_path / "group_dynamics.html"
    assert {path.name for path in tmp_path.iterdir()} == {"group_dynamics.npz", "group_dynamics.html"}


def test_a_table_says_how_many_of_its_rows_are_printed() -> None:
    rows = [[f"task_{index}", "1"] for index in range(61)]
    assert "The first 60 of 61 rows" in table("Tasks", ["task", "weight"], rows)
    assert "rows" not in table("Tasks", ["task", "weight"], rows[1:])


def test_code_in_advice_is_code_and_no_markup() -> None:
    assert in_html("lower `<b>` of **`beta`**") == "lower <code>&lt;b&gt;</code> of <b><code>beta</code></b>"


def test_sets_of_many_tasks_are_named_in_a_few_words() -> None:
    recorder = Recorder(History.empty([f"task_{index}" for index in range(100)]))
    groups = (torch.arange(100) % 5).expand(9, 100)
    recorder.extend(groups, 1.0 + groups, *torch.ones(2, 9, 100))
    (companions, *_) = sentences(recorder.history)
    assert companions.count("**task_") == 8  # two of each of the four sets
    assert "and 18 more (100%); 1 smaller set." in companions
