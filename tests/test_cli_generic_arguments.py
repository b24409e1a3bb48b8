"""A class that jsonargparse would not build where it is named is refused by its name; tensors are read from lists."""

from pathlib import Path

import pytest
import yaml
from cli_answers import MARKS, SHORT, check

from lightning_go4align.cli import main

pytestmark = MARKS
OWN = """\
from typing import Generic, TypeVar
from torchjd.scalarization import Sum
T = TypeVar("T")
built = []
class Part(Generic[T]):
    def __init__(self, size: int = 1) -> None:
        pass
class Deep(Part[int]):
    def __init__(self, size: int = 1, depth: int = 2) -> None:
        pass
class Own(Sum):
    def __init__(self, part: Part[int] | None = None, parts: list[Part[int]] | None = None,
                 either: Deep | Part[int] | None = None, plain: Part | None = None) -> None:
        super().__init__()
        built.append([type(each).__name__ for each in (part, either, plain) if each is not None])
"""
GRAMIAN = "torchjd.aggregation.GramianWeightedAggregator"
DEEP = {"class_path": "own_parts.Deep"}
TOY = ["fit", "-c", "toy/base", "-c", "mine.yaml", *SHORT.split()]


@pytest.fixture(autouse=True)
def _own_parts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "own_parts.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)


def write(path: str, **arguments: object) -> None:
    method = {"class_path": path, "init_args": arguments}
    Path("mine.yaml").write_text(yaml.safe_dump({"model": {"init_args": {"method": method}}}))


@pytest.mark.parametrize("arguments", [{}, {"init_args": {"weighting": "torchjd.aggregation.UPGradWeighting"}}])
@pytest.mark.parametrize("name", ["SDMGradWeighting", "MoDoWeighting", "CRMOGMWeighting", "MGDAWeighting"])
def test_a_weighting_of_torchjd_is_refused_by_its_own_name(
    name: str, arguments: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    if name == "CRMOGMWeighting" and not arguments:
        arguments = {"init_args": {"alpha": 0.5}}
    write(GRAMIAN, gramian_weighting={"class_path": f"torchjd.aggregation.{name}", **arguments})
    check(TOY, ["`model.method.gramian_weighting`", name, "Weighting[PSDMatrix]", "name a class"], capsys)


@pytest.mark.parametrize("arguments", [{}, {"init_args": {"depth": 3}}], ids=["as it is", "with an argument"])
@pytest.mark.parametrize("place", ["part", "parts"])
def test_no_other_class_is_built_in_silence(
    place: str, arguments: dict[str, object], capsys: pytest.CaptureFixture[str]
) -> None:
    named = DEEP | arguments
    write("own_parts.Own", **{place: [named] if place == "parts" else named})
    check(TOY, [f"`model.method.{place}` is Deep", "Own", "Part[int]", "Annotate it with Part alone"], capsys)


@pytest.mark.parametrize(
    ("arguments", "built"),
    [
        ({"either": DEEP}, ["Deep"]),
        ({"plain": DEEP}, ["Deep"]),
        ({"part": {"class_path": "own_parts.Part", "init_args": {"size": 3}}}, ["Part"]),
    ],
)
def test_what_is_built_as_it_is_named_passes(arguments: dict[str, object], built: list[str]) -> None:
    write("own_parts.Own", **arguments)
    main(TOY)
    import own_parts  # type: ignore[import-not-found]  # Written by the fixture.

    assert own_parts.built[-1] == built


@pytest.mark.parametrize(
    ("path", "arguments"),
    [
        ("torchjd.scalarization.PBI", {"theta": 1.0, "weights": [1, 1], "reference": [0.0, 0.0]}),
        ("torchjd.scalarization.COSMOS", {"lambda_": 1.0, "weights": [1, 2]}),
        ("torchjd.aggregation.UPGrad", {"pref_vector": [0.5, 1]}),
        ("torchjd.aggregation.DualProj", {"pref_vector": [0.5, 1]}),
        ("torchjd.aggregation.PCD", {"tau": [0.1]}),
        ("torchjd.aggregation.Constant", {"weights": [1, 1]}),
        ("CRMOGM", {"aggregator": "torchjd.aggregation.UPGrad"}),
    ],
)
def test_what_torchjd_takes_as_a_tensor_is_a_list(path: str, arguments: dict[str, object]) -> None:
    write(path, **arguments)
    main(TOY)
    (saved,) = Path().rglob("config.yaml")
    kept = yaml.safe_load(saved.read_text())["model"]["init_args"]["method"]["init_args"]
    told = {name: value for name, value in arguments.items() if isinstance(value, list)}
    assert {name: kept[name] for name in told} == {name: pytest.approx(value) for name, value in told.items()}
    main(["fit", "-c", str(saved)])  # What was saved is read again.


def test_what_is_no_tensor_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    write("torchjd.scalarization.PBI", theta=1.0, weights=[1, "a"])
    check(TOY, ["`model.method.weights` must be a number or a list of numbers, but is [1, 'a']"], capsys)
