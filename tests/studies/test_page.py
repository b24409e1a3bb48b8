import html
import re
import socket
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
import yaml
from studies.instant_runs import RATE, Instant

from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.page import configurations
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.runner import carry_out
from lightning_go4align.studies.study import Study

Finish = Callable[[Run, Sequence[Mapping[str, float]]], None]
METHODS = {"LS": {}, "<b>fast</b>": {"overrides": {RATE: 0.25}}}


class Logging(Instant):
    """Logs in each column a number of its own."""

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        for run in runs:
            self.finish(run, [{name: 1.0 + run.seed + len(run.method) for name in run.columns}])
        return []


@pytest.fixture
def page(study: Callable[..., Study], tmp_path: Path, finish: Finish) -> Callable[..., str]:
    """The page of a study of two methods and three seeds."""

    def make(command: str | None = None) -> str:
        asked = study(tmp_path, methods=METHODS, seeds=[0, 1, 2], reference="LS")
        carry_out(make_plan(asked), Logging(finish, lambda run: []), command)
        return (tmp_path / "study" / "study.html").read_text("utf-8")

    return make


def test_the_page_needs_nothing_from_elsewhere(page: Callable[..., str]) -> None:
    assert set(re.findall(r"(?:src|href)=\"(\w+):", page())) == {"data"}
    assert "<script" not in page()


def test_the_page_tells_nothing_of_the_machine_that_is_not_its_kind(page: Callable[..., str], tmp_path: Path) -> None:
    text = html.unescape(page())
    assert str(tmp_path) not in text
    assert str(Path.home()) not in text
    assert socket.gethostname() not in text.split()


def test_names_are_shown_as_they_are(page: Callable[..., str]) -> None:
    assert "<b>fast</b>" not in page()
    assert "&lt;b&gt;fast&lt;/b&gt;" in page()


def test_the_page_says_how_its_runs_come_about(page: Callable[..., str]) -> None:
    assert "go4align study study.yaml</pre>" in page()
    assert "go4align tune study.yaml --hours 2</pre>" in page("go4align tune study.yaml --hours 2")


def test_what_a_search_tried_is_on_the_page(page: Callable[..., str], tmp_path: Path) -> None:
    (tmp_path / "study").mkdir()
    (tmp_path / "study" / "search.md").write_text("Tried.\n\n| method | error |\n| :-- | --: |\n| UW | 0.125 |\n")
    assert '<th scope="row">UW</th><td>0.125</td>' in page()


def test_pictures_and_tables_of_the_study_before_it_was_changed_are_not_shown(
    study: Callable[..., Study], tmp_path: Path, finish: Finish, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = [{"class_path": "lightning_go4align.studies.figures.Bars"}]
    whole = {"methods": METHODS, "seeds": [0, 1, 2], "reference": "LS", "outputs": bars, "baseline": None}
    whole |= {"single_task": {"a": {"columns": ["test/delta_m", "test/worst"]}}}
    carry_out(make_plan(study(tmp_path, **whole)), Logging(finish, lambda run: []))
    folder = tmp_path / "study"
    first = {file.name for file in folder.glob("*.png")}
    assert {"intervals.png", "delta_m.png"} <= first
    capsys.readouterr()
    less = {"methods": {"LS": {}}, "seeds": [0]}
    carry_out(make_plan(study(tmp_path, **less)), Logging(finish, lambda run: []))
    page = (folder / "study.html").read_text("utf-8")
    assert ("<img" in page, "Intervals: bootstrap" in page) == (False, False)
    assert ".png" not in capsys.readouterr().out
    assert not (folder / "statistics.md").exists()


def test_the_configuration_of_a_method_is_the_whole_one(study: Callable[..., Study], tmp_path: Path) -> None:
    plan = make_plan(study(tmp_path, methods=METHODS))
    (run,) = [run for run in plan.runs if run.method != "LS"]
    shown = yaml.safe_load(configurations(plan)["<b>fast</b>"])
    assert shown["model"]["init_args"]["learning_rate"] == 0.25
    assert {**shown, "seed_everything": 0} == run.config
