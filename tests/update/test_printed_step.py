"""A step is printed, and shown in a notebook, by the names of its tasks."""

import pytest
import torch
from toy import TASKS, Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.record import StepRecord


def cells(record: StepRecord) -> dict[str, list[str]]:
    """The printed table: cells of each row by its first one."""
    return {line.split()[0]: line.split()[1:] for line in repr(record).splitlines()[1:]}


def test_a_line_says_all_of_a_task() -> None:
    losses, weights = torch.tensor([2.0, 0.25]), torch.tensor([0.5, 1.5], dtype=torch.float64)
    grouping = Grouping(torch.tensor([0, -1]), torch.tensor([0.5]))
    record = StepRecord(("depth", "normal"), losses, losses.sum(), losses, weights, 2 * weights, grouping)
    assert cells(record) == {
        "task": ["loss", "weight", "indicator", "group"],
        "depth": ["2", "0.5", "1", "0"],
        "normal": ["0.25", "1.5", "3", "none"],
    }


def test_an_absent_task_is_told_from_one_without_a_finite_loss() -> None:
    losses = torch.tensor([torch.nan, torch.nan, torch.inf])
    record = StepRecord(("absent", "nan", "inf"), losses, losses.nansum(), torch.tensor([0.0, torch.nan, torch.nan]))
    assert cells(record) == {"task": ["loss"], "absent": ["absent"], "nan": ["nan"], "inf": ["inf"]}


def test_names_are_text_in_one_line_each_however_many_there_are() -> None:
    names = ("[bold]a\n", "深度", *(f"task_{i}" for i in range(998)))
    losses = torch.arange(1000.0)
    lines = repr(StepRecord(names, losses, losses.sum(), losses)).splitlines()
    assert lines[0].startswith("StepRecord(1,000 tasks")
    assert [line.split()[0] for line in lines[2:4]] == ["[bold]a", "深度"]
    assert len(lines) == 2 + 61
    assert "940 tasks more" in lines[32]
    assert lines[-1].split() == ["task_997", "999"]


@pytest.mark.parametrize("variables", [{}, {"COLUMNS": "20"}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1"}])
@pytest.mark.parametrize("in_notebook", [True, False])
def test_the_text_is_the_same_wherever_it_is_asked_for(
    in_notebook: bool, variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    losses, displayed = torch.tensor([2.0, 0.5]), list[object]()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("rich.console._is_jupyter", lambda: in_notebook)
    monkeypatch.setattr("rich.jupyter.display", lambda *shown: displayed.append(shown))
    shown = repr(StepRecord(("depth of the whole scene", "normal"), losses, losses.sum(), losses))
    assert shown.splitlines()[2:] == ["depth of the whole scene     2", "normal                     0.5"]
    assert displayed == []


def test_a_notebook_shows_the_last_step() -> None:
    callback = MultiTaskCallback(GO4Align(2))
    quiet_trainer(callbacks=[callback], max_epochs=1).fit(Toy(), loader())
    step = callback.last_step
    assert step is not None
    assert set(cells(step)) == {"task", *TASKS}
    assert step._repr_html_().count("<tr>") == 1 + len(TASKS)
