"""What a page says where nothing can be compared, and how it names runs that look alike."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from lightning_go4align.history import History
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.command import write_pages
from lightning_go4align.report.facts import sentences, tiles
from lightning_go4align.report.page import page
from lightning_go4align.report.runs import read_runs
from lightning_go4align.report.task_facts import task_facts


def recorded(groups: list[list[int]]) -> History:
    recorder = Recorder(History.empty([f"task_{i}" for i in range(len(groups[0]))]))
    found = torch.tensor(groups)
    present = torch.where(found < 0, torch.nan, 1.0)
    recorder.extend(found, present, present, present)
    return recorder.history


def test_tasks_that_never_meet_have_no_stability() -> None:
    history = recorded([[0, -1], [-1, 0]] * 20)
    found = {tile.label: (tile.value, tile.detail) for tile in tiles(history)}
    assert found["stability"] == ("–", "adjusted for chance –")
    assert found["moves per step"] == ("–", "last tenth –")
    assert not [sentence for sentence in sentences(history) if "change" in sentence and "group" in sentence]
    assert "nan" not in re.sub(r"<script.*?</script>", "", page(history), flags=re.DOTALL).lower()


def test_a_task_that_is_seldom_there_moves_as_often_as_it_could() -> None:
    seldom = [[0, 0, 0], [0, 0, 1], [0, 1, -1], [0, 0, -1]] * 25
    history = recorded(seldom)
    facts = task_facts(history)
    rates = dict(zip(facts["task"], facts["moves per step"], strict=True))
    assert rates["task_2"] == 1
    assert rates["task_0"] == 0
    assert any(
        "Most restless: **task_2**, which changes group in 100.0% of steps" in one for one in sentences(history)
    )


def test_runs_without_two_tasks_in_common_do_not_agree(run_in: Callable[..., Path], tmp_path: Path) -> None:
    first, second = run_in("first", seed=1), run_in("second", seed=2)
    for tasks, cell in (("abcd", "–"), (("depth", "b", "c", "d"), "–"), (("a", "depth", "normal", "d"), "1.00")):
        renamed = replace(example_history(), tasks=tuple(tasks)).with_notes(method="GO4Align(num_groups=2)")
        renamed.save(second)
        html = write_pages([first, second]).read_text(encoding="utf-8")
        table = html[html.index("Agreement of groups") :]
        row = re.findall(r'<th scope="row">GO4Align, seed 1</th>(.*?)</tr>', table)[0]
        assert re.findall(r"<td[^>]*>(.*?)</td>", row) == ["1.00", cell]


@pytest.mark.parametrize("seed", [0, 42])
def test_runs_that_look_alike_are_told_apart_by_their_places(run_in: Callable[..., Path], seed: int) -> None:
    folders = [run_in(f"{name}/version_0", seed=seed, delta_m=[score]) for name, score in (("a", -10.0), ("b", 30.0))]
    runs = read_runs(folders)
    assert [run.method for run in runs] == ["GO4Align (a/version_0)", "GO4Align (b/version_0)"]
    assert len({run.label for run in runs}) == 2
    html = write_pages(folders).read_text(encoding="utf-8")
    assert "±" not in re.findall(r'<p class="lead">(.*?)</p>', html)[0]


@pytest.mark.parametrize(
    ("names", "places"),
    [
        (["p/version_0", "p/version_1"], ["version_0", "version_1"]),
        (["x/a/version_0", "y/a/version_0", "y/b/version_1"], ["x/a/version_0", "y/a/version_0", "y/b/version_1"]),
    ],
)
def test_places_are_as_short_as_tells_them_apart(
    run_in: Callable[..., Path], names: list[str], places: list[str]
) -> None:
    runs = read_runs([run_in(name) for name in names])
    assert [run.method for run in runs] == [f"GO4Align ({place})" for place in places]


def test_no_group_at_all_is_no_perfect_grouping() -> None:
    history = recorded([[-1, -1]] * 5)
    assert np.isnan(history.windows.total().means().held)
