import numpy as np
import pytest

from lightning_go4align.history import FILE, History
from lightning_go4align.plots.example import example_history


def test_a_log_is_read_as_it_was_saved(tmp_path):
    saved = example_history()
    saved.save(tmp_path)
    found = History.load(tmp_path)
    for name in History.__dataclass_fields__:
        np.testing.assert_array_equal(getattr(found, name), getattr(saved, name), err_msg=name)


def test_a_save_that_breaks_leaves_the_old_log(tmp_path, monkeypatch):
    example_history().save(tmp_path)

    def full(file, **arrays):
        file.write(b"half")
        raise OSError("No space left on device")

    monkeypatch.setattr(np, "savez", full)
    with pytest.raises(OSError, match="No space left"):
        example_history().with_notes(run="second").save(tmp_path)
    assert History.load(tmp_path).notes["run"] == "example"


def test_a_log_of_forty_tasks_is_small(tmp_path):
    rows = np.zeros((4096, 40), np.float32)
    history = History.empty([str(task) for task in range(40)])
    history = history.__class__(
        **{
            **{name: getattr(history, name) for name in History.__dataclass_fields__},
            **{"steps": np.arange(4096), "groups": rows.astype(np.int16)},
            **dict.fromkeys(("weights", "indicators", "losses"), rows),
        }
    )
    assert history.save(tmp_path).stat().st_size < 2.5e6


def test_a_folder_without_a_log_is_named_with_what_to_give(tmp_path):
    with pytest.raises(FileNotFoundError, match=f"holds no {FILE}.*version_0"):
        History.load(tmp_path)
