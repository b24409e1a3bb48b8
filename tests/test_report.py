import re
import shutil
import subprocess
from dataclasses import replace
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from lightning_go4align.history import History, Validations
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.style import palette
from lightning_go4align.report import write_report
from lightning_go4align.report.facts import tiles
from lightning_go4align.report.page import page


@pytest.fixture(scope="module")
def forty_tasks():
    """As much as a log can hold: restless groups, a different loss in every step."""
    generator = torch.Generator().manual_seed(0)
    indicators = torch.rand(4096, 40, generator=generator)
    groups = torch.randint(8, (4096, 40), generator=generator)
    recorder = Recorder(History.empty([f"attribute_{index}" for index in range(40)]))
    recorder.extend(groups, 0.1 + groups.float(), indicators, 1 / indicators)
    for epoch in range(1, 41):
        values = {f"val/delta/f1_{index}": 50.0 / epoch - index for index in range(40)}
        recorder.score(epoch, {"val/delta_m": 50.0 / epoch} | values, torch.arange(40))
    return page(recorder.history)


@pytest.fixture(scope="module")
def example():
    return page(example_history())


def test_the_page_of_forty_tasks_has_every_figure_and_is_below_2_megabytes(forty_tasks):
    assert forty_tasks.count("<svg") == 12
    assert len(forty_tasks.encode()) < 2e6


def test_the_page_needs_nothing_from_outside(forty_tasks):
    addresses = set(re.findall(r"https?://[^\"'\s)<]+", forty_tasks))
    assert addresses == {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}  # names, not addresses
    sources = re.findall(r"(?:href|src)=\"([^\"]*)\"|url\(([^)]*)\)", forty_tasks)
    assert all((first + second).startswith(("data:", "#")) for first, second in sources)
    assert "<script" not in forty_tasks


def test_figures_are_well_formed_and_hold_no_nan(forty_tasks):
    for figure in re.findall(r"<svg.*?</svg>", forty_tasks, re.DOTALL):
        ElementTree.fromstring(figure)
        assert not re.search(r"\bnan\b", re.sub(r"base64,[^\"]*", "", figure), re.IGNORECASE)


def test_figures_follow_the_colours_of_the_reader(example):
    figures = "".join(re.findall(r"<svg.*?</svg>", example, re.DOTALL))
    assert not [colour for colour in palette("light").values() if colour in figures]
    assert set(re.findall(r"var\(--(\w+)\)", figures)) <= set(palette("dark"))


def test_names_of_tasks_and_runs_are_text_not_markup():
    history = example_history().with_notes(run="<script>alert(1)</script>")
    found = page(replace(history, tasks=("<b>", "&amp;", "$name", "**x**")))
    assert "<script" not in found
    for name in ("&lt;b&gt;", "&amp;amp;", "$name"):
        assert name in found


def test_control_characters_in_names_leave_figures_well_formed():
    names = ("a\x01b", "c\x1bd", "e\x0bf", "g")
    found = page(replace(example_history(), tasks=names, metrics=names))
    for figure in re.findall(r"<svg.*?</svg>", found, re.DOTALL):
        ElementTree.fromstring(figure)


def test_tiles_have_one_sign_and_count_metrics_that_have_a_value():
    history = example_history()
    windows = replace(history.windows, adjusted_rand=-0.2 * history.windows.transitions)
    changes = history.validations.changes.copy()
    changes[-1, 1] = np.nan
    validations = replace(history.validations, changes=changes)
    found = {tile.label: tile for tile in tiles(replace(history, windows=windows, validations=validations))}
    assert found["stability"].detail == "Rand; adjusted −0.20"
    assert found["metrics beating STL"].value == "2 / 3"


def one_step():
    recorder = Recorder(History.empty(["depth", "normal"]))
    recorder.extend(torch.tensor([[0, 1]]), *torch.ones(3, 1, 2))
    return recorder.history


def lost():
    recorder = Recorder(History.empty(["depth", "normal"]))
    nan = torch.full((9, 2), torch.nan)
    recorder.extend(torch.full((9, 2), -1), nan, nan, nan)
    recorder.score(1, {"val/delta_m": float("nan"), "val/delta/depth": float("nan")}, None)
    return recorder.history


@pytest.mark.parametrize(
    ("make", "figures"),
    [
        pytest.param(lambda: History.empty(["depth"]), 0, id="no step"),
        pytest.param(one_step, 5, id="one step"),
        pytest.param(lambda: replace(example_history(), validations=Validations.none()), 9, id="no delta_m"),
        pytest.param(lost, 1, id="every loss is NaN"),
    ],
)
def test_a_degenerate_run_gives_a_page(make, figures):
    assert page(make()).count("<svg") == figures


def test_the_page_counts_epochs_and_not_validations():
    validations = replace(example_history().validations, epochs=np.array([2, 4, 20 / 3]))
    found = page(replace(example_history(), validations=validations))
    assert "epochs <b>6.67</b>" in found
    assert "epoch 6.67 of 6.67" in found
    assert "· epoch 6.67<" in found


def test_the_report_is_made_again_from_the_log_alone(tmp_path):
    example_history().save(tmp_path)
    assert write_report(tmp_path) == tmp_path / "group_dynamics.html"
    assert {path.name for path in tmp_path.iterdir()} == {"group_dynamics.npz", "group_dynamics.html"}


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs Chromium")
def test_a_browser_asks_for_nothing_and_finds_no_error(tmp_path):
    example_history().save(tmp_path)
    log = tmp_path / "net.json"
    command = ["chromium", "--headless", "--no-sandbox", "--enable-logging=stderr", f"--log-net-log={log}"]
    address = write_report(tmp_path).as_uri()
    found = subprocess.run([*command, "--dump-dom", address], capture_output=True, text=True, timeout=120, check=True)
    assert found.stdout.count("<svg") == 12
    assert "CONSOLE" not in found.stderr
    assert '"network_isolation_key":"file:' not in log.read_text()  # requests of the page, not the browser's own
