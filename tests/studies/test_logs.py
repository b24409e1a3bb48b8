from pathlib import Path

import pytest

from lightning_go4align.studies.logs import best_value, last_checkpoint, logged

WHOLE = "epoch,val/error\n0,12.5\n1,11.25\n"


@pytest.mark.parametrize("length", range(len(WHOLE) + 1))
def test_a_file_that_is_being_written_gives_no_number_that_was_not_logged(tmp_path: Path, length: int) -> None:
    folder = tmp_path / "logs" / "version_0"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text(WHOLE[:length])
    assert logged(tmp_path, "val/error") == [12.5, 11.25][: max(0, WHOLE[:length].count("\n") - 1)]


def test_attempts_are_read_in_their_order(tmp_path: Path) -> None:
    for version, value in {10: 3.0, 9: 2.0, 0: 1.0}.items():
        folder = tmp_path / "logs" / f"version_{version}"
        folder.mkdir(parents=True)
        (folder / "metrics.csv").write_text(f"val/error\n{value}\n")
    assert logged(tmp_path, "val/error") == [1.0, 2.0, 3.0]


def test_what_diverged_is_no_best_value(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "version_0"
    folder.mkdir(parents=True)
    (folder / "metrics.csv").write_text("val/error\nnan\n2.0\nnan\n")
    assert best_value(tmp_path, "val/error") == 2.0


def test_the_last_checkpoint_is_that_of_the_highest_epoch(tmp_path: Path) -> None:
    (tmp_path / "resume").mkdir()
    for epoch in (9, 10):
        (tmp_path / "resume" / f"epoch={epoch}.ckpt").touch()
    assert last_checkpoint(tmp_path) == tmp_path / "resume" / "epoch=10.ckpt"
