"""A log that is not as it was written is one kind of error, which names the file, wherever it is damaged."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_go4align.history import FILE, History
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.command import write_pages

_END = b"PK\x01\x02"  # of which the first begins the central directory


@pytest.fixture(scope="module")
def intact(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    return example_history().save(tmp_path_factory.mktemp("intact")).read_bytes()


def changed(intact: bytes, chance: random.Random) -> bytes:
    """Change some bytes, most of them where the archive says what it holds, or leave the end out."""
    content = bytearray(intact)
    if chance.random() < 0.1:
        return bytes(content[: chance.randrange(len(content))])
    for _ in range(chance.choice([1, 1, 2, 8])):
        start = chance.choice([0, intact.index(_END)])
        content[chance.randrange(start, len(content))] = chance.randrange(256)
    return bytes(content)


def test_any_damage_is_a_value_error_that_names_the_file(intact: bytes, tmp_path: Path) -> None:
    chance, said = random.Random(0), list[str]()
    for _ in range(1500):
        (tmp_path / FILE).write_bytes(changed(intact, chance))
        try:
            History.load(tmp_path)
        except ValueError as error:
            said.append(str(error))
    assert len(said) > 1000
    assert all(f"{tmp_path / FILE} is damaged" in one for one in said)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        pytest.param(6, 155, id="version of the format"),
        pytest.param(8, 1, id="encrypted"),
        pytest.param(10, 12, id="compressed otherwise"),
        pytest.param(10, 14, id="compressed by LZMA"),
        pytest.param(10, 99, id="compressed in an unknown way"),
        pytest.param(45, 255, id="place in the file"),
    ],
)
def test_a_listing_says_of_a_damaged_log_that_it_is_not_read(
    intact: bytes, run_in: Callable[..., Path], tmp_path: Path, place: int, value: int
) -> None:
    run_in("good")
    content = bytearray(intact)
    content[content.index(_END) + place] = value
    shutil.copytree(tmp_path / "good", tmp_path / "bad")
    (tmp_path / "bad" / FILE).write_bytes(content)
    html = write_pages([tmp_path]).read_text(encoding="utf-8")
    assert "1 run in" in html
    assert f"<li>bad: {FILE} is damaged, or no log of group dynamics: " in html


@pytest.mark.parametrize("content", [b"\xff\xfe", b"a: 2026-13-45", b"a: ["], ids=["no text", "no date", "no YAML"])
def test_a_damaged_configuration_hides_no_run(run_in: Callable[..., Path], tmp_path: Path, content: bytes) -> None:
    run_in("good")
    (run_in("bad") / "config.yaml").write_bytes(content)
    assert "2 runs in" in write_pages([tmp_path]).read_text(encoding="utf-8")
