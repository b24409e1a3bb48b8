import threading
from pathlib import Path

import pytest
import torch

from lightning_go4align.benchmarks.qm9 import cache
from lightning_go4align.benchmarks.qm9.cache import load, save
from lightning_go4align.benchmarks.qm9.molecules import Molecules


@pytest.fixture
def path(molecules: Molecules, tmp_path: Path) -> Path:
    save(molecules, tmp_path / "folder" / "molecules")
    return tmp_path / "folder" / "molecules"


def equal(first: Molecules, second: Molecules) -> bool:
    return all(map(torch.equal, first, second))


def test_what_was_saved_is_loaded(path: Path, molecules: Molecules) -> None:
    assert equal(load(path), molecules)


def test_missing_file_is_noticed(tmp_path: Path) -> None:
    assert load(tmp_path / "molecules") is None


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5, 0.999])
def test_half_written_file_is_noticed(path: Path, share: float) -> None:
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    assert load(path) is None


@pytest.mark.parametrize("share", [0.0, 0.0003, 0.3, 0.7, 0.9999])
def test_one_wrong_bit_is_noticed(path: Path, share: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(share * len(content))] ^= 1
    path.write_bytes(content)
    assert load(path) is None


def test_file_of_another_version_is_not_read(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "VERSION", cache.VERSION + 1)
    assert load(path) is None


def test_no_temporary_file_is_left(path: Path) -> None:
    assert [file.name for file in path.parent.iterdir()] == ["molecules"]


def test_failed_write_leaves_the_old_file_and_nothing_else(path: Path, molecules: Molecules) -> None:
    path.with_name("taken").mkdir()
    with pytest.raises(OSError, match="taken"):
        save(molecules, path.with_name("taken"))
    assert sorted(file.name for file in path.parent.iterdir()) == ["molecules", "taken"]


def test_reader_sees_a_whole_file_while_others_write(path: Path, molecules: Molecules) -> None:
    other = molecules._replace(targets=molecules.targets + 1)
    writers = [
        threading.Thread(target=lambda m=m: [save(m, path) for _ in range(20)])  # type: ignore[func-returns-value]  # Called for what it does.
        for m in (molecules, other, other)
    ]
    for writer in writers:
        writer.start()
    read = []
    while any(writer.is_alive() for writer in writers):
        read.append(load(path))
    assert all(found is not None and (equal(found, molecules) or equal(found, other)) for found in read)
