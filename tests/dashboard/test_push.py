import json
import re
import socket
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from dashboard.read_back import find

from lightning_go4align.dashboard import dashboard
from lightning_go4align.update.families import FEW_FAMILIES

if TYPE_CHECKING:
    from dashboard.stand_in import Server

pytest.importorskip("wandb_workspaces")
pytestmark = pytest.mark.wandb

LINES = "Lines of each task, for few tasks and runs"
SECTIONS = ["Overview", "Groups", "Weights by task", "Weights", "Report", LINES]


def sections(view: dict[str, Any]) -> list[str]:
    return [section["name"] for section in json.loads(view["spec"])["section"]["panelBankConfig"]["sections"]]


def test_a_dry_run_touches_no_network(alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def forbidden(*_: Any) -> NoReturn:
        raise AssertionError("a dry run asked for a network")

    monkeypatch.setattr(socket, "socket", forbidden)
    monkeypatch.setattr(subprocess, "Popen", forbidden)  # W&B's own process would open them unseen
    found = json.loads(dashboard("team/qm9", dry_run=True))
    shown = found["section"]["panelBankConfig"]["sections"]
    assert [section["name"] for section in shown] == SECTIONS
    columns = {section["name"]: section["flowConfig"]["columnsPerPage"] for section in shown}
    assert columns.pop("Weights by task") == 1  # its charts have a name for each task
    assert set(columns.values()) == {3}


def test_a_second_push_updates_the_view_of_the_first(server: "Server") -> None:
    first, second = dashboard("team/qm9"), dashboard("team/qm9")
    assert not server.unknown
    assert first == second
    assert [sections(view) for view in server.views.values()] == [SECTIONS]


def test_the_address_leads_to_the_view(server: "Server") -> None:
    address = dashboard("team/qm9")
    (view,) = server.views.values()
    assert address == f"{server.address}/team/qm9?nw={view['name'][3:-2]}"


def test_what_users_changed_beside_the_sections_stays(server: "Server") -> None:
    dashboard("team/qm9")
    (view,) = server.views.values()
    specification = json.loads(view["spec"])
    specification["section"]["runSets"][0]["search"]["query"] = "seed0"
    view["spec"] = json.dumps(specification)
    dashboard("team/qm9")
    (view,) = server.views.values()
    assert json.loads(view["spec"])["section"]["runSets"][0]["search"]["query"] == "seed0"


def test_a_report_is_pushed_beside_the_workspace_and_updated(server: "Server") -> None:
    dashboard("team/qm9", report=True)
    dashboard("team/qm9", report=True)
    assert not server.unknown
    assert sorted(view["type"] for view in server.views.values()) == ["project-view", "runs"]


@pytest.mark.parametrize("path", ["qm9", "team/", "/qm9", "team/qm9/runs"])
def test_a_path_that_is_not_entity_and_project_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match="ENTITY/PROJECT"):
        dashboard(path, dry_run=True)


def test_no_open_section_has_a_line_for_each_task_or_waits_for_what_is_not_logged_of_many() -> None:
    found = json.loads(dashboard("team/qm9", dry_run=True))["section"]["panelBankConfig"]["sections"]
    shown = {section["name"]: re.findall(r'"metricRegex": "([^"]+)"', json.dumps(section)) for section in found}
    assert [section["name"] for section in found if not section["isOpen"]] == [LINES]
    assert len(shown.pop(LINES)) == 7
    logged = {family: f"{family}/0" for family in FEW_FAMILIES}
    patterns = [pattern for each in shown.values() for pattern in each]
    matched = {pattern: {family for family, key in logged.items() if re.search(pattern, key)} for pattern in patterns}
    assert list(matched.values()) == [{"group_size"}, {"group_weight"}]


def test_areas_are_of_one_run() -> None:
    text = dashboard("team/qm9", dry_run=True)
    panels = [panel for panel in find(json.loads(text), "config") if panel.get("plotType", "line") != "line"]
    assert [panel["limit"] for panel in panels] == [1, 1, 1]


def test_every_panel_of_a_regex_finds_the_keys_that_are_logged(alone: Path) -> None:
    text = dashboard("team/qm9", dry_run=True)
    patterns = re.findall(r'"metricRegex": "([^"]+)"', text)
    logged = [
        "loss/u",
        "weight/u",
        "scaled_loss/u",
        "indicator/u",
        "group/u",
        "group_weight/0",
        "group_size/10",
        "val/delta/u",
    ]
    found = {pattern: [key for key in logged if re.search(pattern, key)] for pattern in patterns}
    assert len(patterns) == 9
    assert all(len(keys) == 1 for keys in found.values()), found
