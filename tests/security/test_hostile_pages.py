"""Pages of several runs and of studies: names of runs, tasks, methods and metrics stay words there, too."""

import csv
import http.client
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest
import yaml

from lightning_go4align.plots.example import example_history
from lightning_go4align.report.command import server, write_pages
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.runner import carry_out, checked_plan

CONFIGS = Path(__file__).parents[2] / "configs" / "synthetic"
HOSTILE = ["</script><script>alert(1)</script>", "../../x", '"><img src=x onerror=alert(1)>', r"$\nothing{$ & <b>"]
HARMLESS = ["segmentation", "depth", "normal", "edges"]


class Tags(HTMLParser):
    """What a browser would make of a page: its elements, what would run, and where it leads."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.handlers, self.links = list[str](), list[str](), list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]
        self.links += [value or "" for name, value in attrs if name in ("href", "src")]


def save_runs(folder: Path, names: list[str]) -> list[Path]:
    """Save two runs with tasks, run names and methods of these names; the folders have harmless ones."""
    runs = [folder / "first", folder / "second"]
    for run, name in zip(runs, names, strict=False):
        history = replace(example_history(), tasks=tuple(names))
        history.with_notes(run=name, method=f"{name}()").save(run)
        (run / "config.yaml").write_text(yaml.safe_dump({"seed_everything": 0, "trainer": {"name": name}}))
    return runs


@contextmanager
def watched(folders: list[Path]) -> Iterator[str]:
    """The page that ``go4align report --watch`` serves."""
    served = server(folders, port=0)
    thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    address = urlsplit(served.address)
    connection = http.client.HTTPConnection("127.0.0.1", address.port, timeout=60)
    connection.request("GET", address.path, headers={"Host": address.netloc})
    yield connection.getresponse().read().decode()
    connection.close()
    served.shutdown()
    served.server_close()
    thread.join()


def index(folder: Path, names: list[str]) -> str:
    save_runs(folder, names)
    return write_pages([folder]).read_text("utf-8")


def comparison(folder: Path, names: list[str]) -> str:
    return write_pages(save_runs(folder, names)).read_text("utf-8")


def live(folder: Path, names: list[str]) -> str:
    with watched(save_runs(folder, names)[:1]) as page:
        return page


def finish(run: Run, columns: list[str], level: int) -> None:
    """Leave what a finished run leaves."""
    logs = run.folder / "logs" / "version_0"
    logs.mkdir(parents=True)
    with (logs / "metrics.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerows([columns, [level + run.seed / 10 + number for number in range(1, 1 + len(columns))]])
    (run.folder / "finished.json").write_text(json.dumps({"run": run.title, "seconds": 30.0}))


def study(folder: Path, names: list[str]) -> str:
    columns = [f"test/{name}" for name in names]
    content = {
        "benchmark": [str(CONFIGS / "base.yaml")],
        "methods": {name: {"configs": [str(CONFIGS / "ls.yaml")], "overrides": {"name": name}} for name in names},
        "columns": columns,
        "seeds": [0, 1, 2],
        "reference": names[0],
        "folder": str(folder / "runs"),
    }
    folder.mkdir(parents=True)
    (folder / "study.yaml").write_text(yaml.safe_dump(content))
    plan = checked_plan(folder / "study.yaml")
    for run in plan.runs:
        finish(run, columns, names.index(run.method))
    carry_out(plan)
    return (folder / "runs" / "study" / "study.html").read_text("utf-8")


Pages = tuple[Path, Tags, Tags]


@pytest.fixture(scope="module", params=[index, comparison, live, study], ids=lambda page: page.__name__)
def folder_and_pages(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Pages:
    """Where the page with hostile names was written, that page, and the same one with harmless names."""
    folder = tmp_path_factory.mktemp("outer")
    hostile, harmless = folder / "a" / "b" / "hostile", tmp_path_factory.mktemp("harmless") / "runs"
    return hostile, Tags(request.param(hostile, HOSTILE)), Tags(request.param(harmless, HARMLESS))


def test_hostile_names_add_no_element_and_no_handler(folder_and_pages: Pages) -> None:
    _, theirs, ours = folder_and_pages
    assert set(theirs.tags) == set(ours.tags)
    assert {tag: theirs.tags.count(tag) for tag in ("script", "img", "b")} == {
        tag: ours.tags.count(tag) for tag in ("script", "img", "b")
    }
    assert sorted(theirs.handlers) == sorted(ours.handlers)


def test_no_link_leads_out_of_the_folder(folder_and_pages: Pages) -> None:
    _, theirs, _ = folder_and_pages
    assert [link for link in theirs.links if re.match(r"\.\.|/|x|javascript:", link)] == []


def test_no_name_becomes_a_path(folder_and_pages: Pages) -> None:
    folder, _, _ = folder_and_pages
    written = [path for path in folder.parents[2].rglob("*") if path.is_file()]
    assert written
    assert all(path.is_relative_to(folder) for path in written)
    assert [path for path in written if "alert" in path.name or "nothing" in path.name] == []
