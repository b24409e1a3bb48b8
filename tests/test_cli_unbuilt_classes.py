"""A class within another that cannot be built is told by its name, with what it was given and what it raised."""

from pathlib import Path

import pytest
import yaml
from cli_answers import MARKS, check

pytestmark = MARKS
OWN = """\
from torchjd.scalarization import Scalarizer, Sum
from lightning_go4align.benchmarks.toy import ToyModule
class Own(ToyModule):
    def __init__(self, method: Scalarizer) -> None:
        super().__init__(method)
class Faulty(ToyModule):
    def __init__(self, method: Scalarizer) -> None:
        super().__init__(method)
        {}["depth"]
class Part:
    def __init__(self, size: int = 1) -> None:
        if size > 9:
            raise ValueError("`size` must be at most 9. Lower it.")
        self.size = [3, 4][size]
class Within(Sum):
    def __init__(self, part: Part) -> None:
        super().__init__()
"""


@pytest.mark.parametrize("model", ["own_built.Own", "lightning_go4align.benchmarks.toy.ToyModule"])
@pytest.mark.parametrize(
    ("size", "said"),
    [
        (5, ["Part cannot be built with size=5: IndexError: list index out of range", "own_built.py:14 in __init__"]),
        (10, ["`size` must be at most 9", "Lower it"]),
    ],
    ids=["raised", "refused"],
)
def test_a_part_within_the_method(
    model: str,
    size: int,
    said: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    part = {"class_path": "own_built.Part", "init_args": {"size": size}}
    method = {"class_path": "own_built.Within", "init_args": {"part": part}}
    write(monkeypatch, tmp_path, {"class_path": model, "init_args": {"method": method}})
    check(["fit", "-c", "mine.yaml", "--seed_everything=0"], said, capsys)


def test_the_model_itself(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write(monkeypatch, tmp_path, {"class_path": "own_built.Faulty", "init_args": {"method": "SI"}})
    said = ["cannot be built: KeyError: 'depth'", "own_built.py:9 in __init__"]
    check(["fit", "-c", "mine.yaml", "--seed_everything=0"], said, capsys)


def test_an_argument_that_torch_refuses_is_told_with_the_class_that_has_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    within = {"class_path": "torchjd.scalarization.UW", "init_args": {"shape": -1}}
    method = {"class_path": "GroupedScalarizer", "init_args": {"method": within}}
    write(monkeypatch, tmp_path, {"class_path": "own_built.Own", "init_args": {"method": method}})
    check(
        ["fit", "-c", "mine.yaml", "--seed_everything=0"],
        ["UW cannot be built with shape=-1: RuntimeError", "Correct its"],
        capsys,
    )


def write(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, model: dict[str, object]) -> None:
    (tmp_path / "own_built.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    Path("mine.yaml").write_text(yaml.safe_dump({"model": model}))
