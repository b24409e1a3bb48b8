"""Whatever methods, columns and studies are called: tables, pages and terminals show it, or it is refused at once."""

import csv
import io
import json
import shlex
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from hostile_names import HIDDEN, SHOWN, UNFIT_FOR_A_FOLDER, parameters
from markdown_it import MarkdownIt
from rich.console import Console
from security.shown import NAMES, Cells, make

from lightning_go4align.plain_text import in_markdown
from lightning_go4align.studies.names import in_a_command
from lightning_go4align.studies.page import html
from lightning_go4align.studies.plan import Plan
from lightning_go4align.studies.printed_plan import print_plan
from lightning_go4align.studies.printed_search import print_search
from lightning_go4align.studies.runner import checked_plan, run_study
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Method

CONFIGS = Path(__file__).parents[2] / "configs" / "synthetic"


def places() -> Iterator[object]:
    """Names that nobody could see, wherever they may stand; a study without one takes its file's."""
    for said, name in HIDDEN.items():
        for where in ("methods", "columns", "single_task", *(["name"] if name else [])):
            yield pytest.param(where, name, id=f"{where}, {said}")


@pytest.mark.parametrize(("where", "name"), list(places()))
def test_a_name_that_nobody_could_see_or_read_is_refused_at_once(where: str, name: str) -> None:
    given: dict[str, Any] = {
        "methods": {name: Method()},
        "columns": [f"test/{name}"],
        "single_task": {name: Method(columns=["test/a"])},
        "name": name,
    }
    with pytest.raises(ValueError, match=r"Give it another|Leave out line breaks") as refused:
        make(**{where: given[where]})
    assert str(refused.value).isprintable()


@pytest.mark.parametrize("name", parameters(UNFIT_FOR_A_FOLDER))
def test_a_study_that_could_not_have_a_folder_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match=r"Leave out what names others|Shorten it"):
        make(name=name)


def finish(plan: Plan) -> None:
    """Leave what the finished runs of a plan leave."""
    for number, run in enumerate(plan.runs):
        logs = run.folder / "logs" / "version_0"
        logs.mkdir(parents=True)
        with (logs / "metrics.csv").open("w", newline="") as file:
            csv.writer(file).writerows(
                [run.columns, [1 + number + number * i % 7 for i, _ in enumerate(run.columns)]]
            )
        (run.folder / "finished.json").write_text(json.dumps({"run": run.title, "seconds": 30.0}))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a study of which methods and metrics have all these names."""
    outer = tmp_path_factory.mktemp("outer")
    folder = outer / "a" / "b"
    folder.mkdir(parents=True)
    content = {
        "benchmark": [str(CONFIGS / "base.yaml")],
        "methods": {name: {"configs": [str(CONFIGS / "ls.yaml")], "overrides": {"name": name}} for name in NAMES},
        "columns": [f"test/{name}" for name in NAMES],
        "seeds": [0, 1],
        "reference": SHOWN["stars"],
        "outputs": [{"class_path": "lightning_go4align.studies.figures.RuntimeBars"}],
        "folder": str(folder / "runs"),
        "name": SHOWN["dollars"],
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    finish(checked_plan(folder / "study.yaml"))
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "No installed font has the letters")  # depends on what is installed here
        run_study(folder / "study.yaml")
    return folder / "runs" / SHOWN["dollars"]


def test_the_page_of_a_study_shows_each_name_as_it_is(study: Path) -> None:
    page = Cells((study / "study.html").read_text("utf-8"))
    assert set(NAMES) <= set(page.heads)
    assert {f"{name} ↓" for name in NAMES} <= set(page.heads)
    assert [tag for tag in page.tags if tag in ("script", "a", "code", "i", "em")] == []


def test_another_reader_of_markdown_shows_each_name_as_it_is(study: Path) -> None:
    for file in ("table.md", "statistics.md"):
        tokens = MarkdownIt("commonmark").enable("table").parse((study / file).read_text("utf-8"))
        inline = [token.children or () for token in tokens if token.type == "inline"]
        cells = {"".join(part.content for part in parts) for parts in inline}
        assert set(NAMES) - {SHOWN["stars"]} <= cells  # which is what the others are compared with


def test_a_spreadsheet_takes_no_name_for_a_formula(study: Path) -> None:
    with (study / "results.csv").open(newline="") as file:
        head, *rows = csv.reader(file)
    assert {row[0].removeprefix("'") for row in rows} == set(NAMES)
    assert set(NAMES) <= {name.removeprefix("'") for name in head}
    assert [cell for row in (head, *rows) for cell in row if cell.startswith(("=", "+", "@", "-x"))] == []


def test_no_name_becomes_a_path(study: Path) -> None:
    written = [path for path in study.parents[3].rglob("*") if path.is_file()]
    assert all(path.is_relative_to(study.parents[1]) for path in written)
    assert {path.name for path in study.iterdir()} >= {"runtime.png", "table.md", "study.html"}
    assert [path for path in written if "alert" in str(path)] == []


@pytest.mark.parametrize("name", parameters(SHOWN))
def test_a_name_survives_markdown_and_our_page(name: str) -> None:
    assert Cells(f"<th>{html(in_markdown(name)).removeprefix('<p>').removesuffix('</p>')}</th>").heads == [name]


def printed(show: Callable[[Console], None]) -> str:
    console = Console(file=io.StringIO(), width=5000)
    show(console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]  # The file of this console is a StringIO.


def test_terminals_show_each_name_as_it_is(study: Path) -> None:
    plan = checked_plan(study.parents[1] / "study.yaml")
    plan.study.methods.pop(SHOWN["300 others"])
    names = set(plan.study.methods)
    assert {name for name in names if name not in printed(lambda console: print_plan(plan, console))} == set()
    search = Search({"model.a": {"choices": NAMES}})
    searched = make(methods=plan.study.methods, reference="ls", search=search, benchmark=plan.study.benchmark)
    text = printed(lambda console: print_search(searched, 1.0, 1, console))
    assert {name for name in names if name not in text} == set()


@pytest.mark.parametrize("name", parameters(SHOWN))
def test_a_command_takes_a_name_as_one_word(name: str) -> None:
    assert shlex.split(in_a_command(name)) == [f"{name}.yaml"]
