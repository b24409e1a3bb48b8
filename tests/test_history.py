import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any, NoReturn
from xml.etree import ElementTree

import numpy as np
import pytest
import torch

from lightning_go4align.history import FILE, History, Notes
from lightning_go4align.history.event_log import write_log
from lightning_go4align.history.sparkline import line
from lightning_go4align.monitors import GroupDynamicsMonitor
from lightning_go4align.plots.example import example_history

TASKS = ("segmentation", "depth", "normal", "edges")
NEW_IN_VERSION_4 = ("windows/compared", "windows/followed", "task_transitions")


def test_a_log_is_read_as_it_was_saved(tmp_path: Path) -> None:
    saved = example_history()
    saved.save(tmp_path)
    found = History.load(tmp_path)
    (arrays, metadata), (expected, expected_metadata) = found.split(), saved.split()
    assert (arrays.keys(), found.notes, found.tasks) == (expected.keys(), saved.notes, saved.tasks)
    assert metadata | {"tasks": list(TASKS), "metrics": list(TASKS)} == json.loads(json.dumps(expected_metadata))
    for name, array in expected.items():
        np.testing.assert_array_equal(arrays[name], array, err_msg=name, strict=True)


def version_1() -> tuple[dict[str, Any], dict[str, Any]]:
    """What version 1 of the log held: arrays and the rest."""
    with np.load(Path(__file__).parent / "data" / "group_dynamics_version_1.npz") as file:
        arrays = dict(file)
    return arrays, json.loads(str(arrays.pop("words")))


def version_1_notes() -> Notes:
    return Notes(run="example", method="GO4Align", seconds=3.0)


def assert_holds_what_version_1_held(history: History) -> None:
    arrays, _ = version_1()
    windows, validations = list(vars(history.windows).values()), history.validations
    np.testing.assert_array_equal(np.stack(windows[:6], axis=1), arrays["windows"])
    for count in windows[6:]:  # Every transition counted.
        np.testing.assert_array_equal(count, history.windows.transitions)
    assert history.task_transitions.tolist() == [history.windows.transitions.sum()] * len(TASKS)
    columns = [validations.epochs, validations.steps, validations.delta_m, validations.convergence_difference]
    np.testing.assert_array_equal(np.stack(columns, axis=1), arrays["scores"])
    np.testing.assert_array_equal(validations.changes, arrays["deltas"])
    np.testing.assert_array_equal(history.convergence_epochs, arrays["epochs"])
    np.testing.assert_array_equal(history.together, arrays["together"])
    assert history.notes == version_1_notes()
    assert (history.tasks, history.metrics, history.total) == (TASKS, TASKS, 60)


def test_a_log_of_version_1_is_read(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "data" / "group_dynamics_version_1.npz", tmp_path / FILE)
    assert_holds_what_version_1_held(History.load(tmp_path))


def test_a_log_of_version_2_is_read_with_notes_that_it_lacks_left_empty(tmp_path: Path) -> None:
    shutil.copy(Path(__file__).parent / "data" / "group_dynamics_version_2.npz", tmp_path / FILE)
    assert_holds_what_version_1_held(History.load(tmp_path))


def test_a_log_of_version_3_is_read_as_if_every_transition_told_of_every_task(tmp_path: Path) -> None:
    arrays, metadata = example_history().split()
    old = {name: array for name, array in arrays.items() if name not in NEW_IN_VERSION_4}
    assert len(old) == len(arrays) - len(NEW_IN_VERSION_4)
    write_log(tmp_path, old, metadata | {"version": 3})
    assert_holds_what_version_1_held(replace(History.load(tmp_path), notes=version_1_notes()))


def test_a_checkpoint_with_a_log_of_version_1_is_read() -> None:
    monitor, (arrays, words) = GroupDynamicsMonitor(), version_1()
    monitor.load_state_dict(
        {"arrays": {name: torch.from_numpy(array) for name, array in arrays.items()}, "words": words}
    )
    assert_holds_what_version_1_held(monitor.history)


def test_a_log_of_a_later_version_is_refused(tmp_path: Path) -> None:
    arrays, metadata = example_history().split()
    write_log(tmp_path, arrays, metadata | {"version": 6})
    with pytest.raises(ValueError, match=r"is of version 6, but .* reads up to version 5. Install a newer one"):
        History.load(tmp_path)


def test_a_save_that_breaks_leaves_the_old_log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    example_history().save(tmp_path)

    def full(file: Any, **arrays: Any) -> NoReturn:
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        example_history().with_notes(run="second").save(tmp_path)
    assert History.load(tmp_path).notes.run == "example"


def test_a_log_of_forty_tasks_is_small(tmp_path: Path) -> None:
    rows = np.zeros((4096, 40), np.float32)
    history = History.empty([str(task) for task in range(40)])
    sampled: dict[str, Any] = {"steps": np.arange(4096), "groups": rows.astype(np.int16)}
    history = replace(history, **sampled, weights=rows, indicators=rows, losses=rows)
    assert history.save(tmp_path).stat().st_size < 2.5e6


def test_the_mean_of_a_weight_is_of_the_steps_with_the_task_also_of_those_in_which_it_is_0() -> None:
    weights = np.array([[8.0, 2.0], [0.5, 0.0], [99.0, 1.0]], np.float32)
    losses = np.array([[1.0, 1.0], [1.0, 1.0], [np.nan, 1.0]], np.float32)
    history = replace(History.empty(["a", "b"]), steps=np.arange(3), weights=weights, losses=losses)
    np.testing.assert_allclose(history.mean_weights, [4.25, 1.0])


def test_a_history_in_a_notebook_is_small_and_its_names_are_text() -> None:
    names = tuple(f"<script>alert({task})</script>" for task in range(500))
    history = replace(History.empty(list(names)), last=np.arange(500))
    assert repr(history) == "History(500 tasks, 0 steps, 0 groups, 0 validations)"
    shown = history._repr_html_()
    assert "<script>" not in shown
    assert "&lt;script&gt;alert(0)" in shown
    assert "488 tasks between these are left out" in shown
    assert len(shown) < 10_000


def test_a_notebook_draws_the_weight_and_the_group_of_each_task_in_the_colour_of_its_text() -> None:
    history = example_history()
    names = ('"><script>', *history.tasks[1:])
    shown = replace(history, tasks=names)._repr_html_()
    pictures = [ElementTree.fromstring(one) for one in re.findall(r"<svg.*?</svg>", shown)]
    assert len(pictures) == 3 * len(names)  # a bar, the weights and the groups of each
    said = [one.get("aria-label") for one in pictures if one.get("role") == "img"]
    assert {f"{kind} of {name} over the steps" for kind in ("weight", "group") for name in names} == set(said)
    # No colour of its own: it would be lost on light paper or on dark.
    assert "#" not in shown
    assert not re.search(r"<script|fill=\"(?!none|currentColor)|stroke=\"(?!currentColor)", shown)
    assert len(shown) < 20_000


def headings(history: History) -> list[str]:
    return re.findall(r"<th [^>]*>(.*?)</th>", history._repr_html_())


def test_a_notebook_has_no_column_for_what_a_method_lacks() -> None:
    history = example_history()
    grouped = ["task", "mean weight", "", "last loss", "last group", "weight over the steps", "group over the steps"]
    assert headings(history) == grouped
    ungrouped = replace(history, groups=np.full_like(history.groups, -1), last=np.full(len(TASKS), -1))
    assert headings(ungrouped) == [name for name in grouped if "group" not in name]
    weightless = replace(ungrouped, weights=np.full_like(history.weights, np.nan))
    assert headings(weightless) == ["task", "last loss"]


def test_a_notebook_says_that_nothing_is_recorded_and_what_ended_a_run() -> None:
    assert "<p>No step is recorded.</p>" in History.empty([])._repr_html_()
    history = example_history()
    assert "Ended" not in history._repr_html_()
    assert "steps, 2 groups, 3 validations. Ended by OutOfMemoryError.<" in (
        history.with_notes(interrupted="OutOfMemoryError")._repr_html_()
    )


def test_one_of_a_kind_is_singular() -> None:
    assert repr(History.empty(["a"])) == "History(1 task, 0 steps, 0 groups, 0 validations)"


def test_a_word_sized_line_is_broken_where_there_is_no_value() -> None:
    assert line([1.0, 2.0, np.nan, 2.0, 1.0], "weights").count("M") == 2


def test_a_folder_may_be_given_as_a_string(tmp_path: Path) -> None:
    folder = f"{tmp_path}/version_0"
    assert example_history().save(folder) == tmp_path / "version_0" / FILE
    assert History.load(folder).tasks == TASKS


def test_a_damaged_log_is_named_by_a_string_too(tmp_path: Path) -> None:
    write_log(tmp_path, {}, {})
    with pytest.raises(ValueError, match=f"{FILE} is damaged"):
        History.load(str(tmp_path))


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere is no folder\. Give that of a run.*version_0"):
        History.load(tmp_path / "nowhere")


def test_a_folder_without_a_log_is_named_with_what_to_give(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=f"holds no {FILE}.*had a `GroupDynamicsMonitor`.$"):
        History.load(tmp_path)
