from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightning_go4align.studies import read_study
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.study import Study


@pytest.mark.parametrize(
    ("entries", "advice"),
    [
        pytest.param({"methods": {}}, "`methods` must name at least one", id="no method"),
        pytest.param({"methods": None}, "`methods` must name at least one", id="methods left empty"),
        pytest.param(
            {"methods": ["LS"]}, r"`methods` .* must be a mapping, .* but is \['LS'\]", id="a list of methods"
        ),
        pytest.param(
            {"methods": {"LS": "ls.yaml"}}, "`methods.LS` .* must be a mapping, .* but is 'ls.yaml'", id="text"
        ),
        pytest.param({"methods": {1: {}, "1": {}}}, "`methods` .* has 1 more than once", id="methods of one name"),
        pytest.param(
            {"overrides": [1]}, r"`overrides` .* must be a mapping, .* but is \[1\]", id="a list of overrides"
        ),
        pytest.param({"methods": {"LS": {"overrides": 3}}}, "`methods.LS.overrides` .* mapping", id="a number"),
        pytest.param({"columns": []}, "`columns` must name at least one", id="no column"),
        pytest.param({"columns": None}, "study.yaml cannot be read: .*required: columns", id="columns left empty"),
        pytest.param({"colums": ["a"]}, "study.yaml cannot be read: .*'colums' is not accepted", id="misspelt"),
        pytest.param(
            {"columns": ["val/acc", "test/acc"]},
            r"behind the first slash, .*\['val/acc', 'test/acc'\]",
            id="one name",
        ),
        pytest.param({"seeds": []}, "`seeds` must name at least one", id="no seed"),
        pytest.param({"seeds": [0, 1, 0]}, r"`seeds` .* twice, but is \[0, 1, 0\]", id="a seed twice"),
        pytest.param({"methods": {"LS": {"seeds": []}}}, "`methods.LS.seeds` must name at", id="a method's seeds"),
        pytest.param({"methods": {"LS": {"seeds": [1, 1]}}}, "`methods.LS.seeds` .* twice", id="a method's twice"),
    ],
)
def test_a_study_that_cannot_be_is_refused_when_it_is_read(
    make_study: Callable[..., Path], entries: dict[str, Any], advice: str
) -> None:
    with pytest.raises(ValueError, match=advice):
        read_study(make_study(**entries))


@pytest.mark.parametrize("content", ["[a, b]", "a: [", "text", "\0"])
@pytest.mark.parametrize("place", ["study.yaml", "base.yaml"])
def test_a_file_that_holds_no_mapping_is_named(
    make_study: Callable[..., Path], tmp_path: Path, place: str, content: str
) -> None:
    (tmp_path / "base.yaml").touch()
    make_study(tmp_path, benchmark=["base.yaml"])
    (tmp_path / place).write_text(content)
    with pytest.raises(ValueError, match=place):
        make_plan(read_study(tmp_path / "study.yaml"))


def test_an_empty_study_is_told_what_it_needs(tmp_path: Path) -> None:
    (tmp_path / "study.yaml").touch()
    with pytest.raises(ValueError, match="required: benchmark, columns"):
        read_study(tmp_path / "study.yaml")


@pytest.mark.parametrize(
    "entries",
    [
        pytest.param({"overrides": None, "seeds": None, "folder": None}, id="of the study"),
        pytest.param({"methods": {"LS": {"overrides": None, "configs": None, "seeds": None}}}, id="of a method"),
    ],
)
def test_what_is_left_empty_is_as_if_not_written(
    study: Callable[..., Study], tmp_path: Path, entries: dict[str, Any]
) -> None:
    asked = study(tmp_path, **entries)
    (run,) = make_plan(asked).runs
    assert (run.title, asked.folder) == ("LS, seed 0", str(tmp_path))


def test_a_number_is_a_name(study: Callable[..., Study]) -> None:
    assert [run.method for run in make_plan(study(methods={1: {}, 2.5: None}, reference="1")).runs] == ["1", "2.5"]


@pytest.mark.parametrize(
    ("entries", "asked"),
    [
        ({"maximize": ["test/worst"]}, r"Did you mean higher_is_better\? Its keys"),
        ({"seedz": [1]}, r"'seedz' is not accepted\. Did you mean seeds\?"),
        ({"qwertz": 1}, r"'qwertz' is not accepted\. Its keys"),
        ({"search": {"trails": 3}}, r"Did you mean trials\? Its keys are the arguments of `Search`"),
    ],
    ids=["maximize", "seedz", "qwertz", "trails"],
)
def test_a_key_that_is_not_there_is_answered_with_the_nearest(
    study: Callable[..., Study], entries: dict[str, Any], asked: str
) -> None:
    with pytest.raises(ValueError, match=asked):
        study(**entries)
