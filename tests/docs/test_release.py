"""What the release is made of: metadata, versions, lowest versions."""

import configparser
import re
import runpy
from pathlib import Path

import pytest
import setuptools
import yaml

import lightning_go4align

ROOT = Path(__file__).parents[2]


def test_the_versions_of_package_citation_and_changelog_are_one() -> None:
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    released = re.findall(r"^## \[([\d.]+)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert lightning_go4align.__version__ == citation["version"] == released[0]


def test_the_changelog_keeps_the_form_of_keep_a_changelog() -> None:
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert re.findall(r"^## (?!\[Unreleased\]$|\[\d+\.\d+\.\d+\] - \d{4}-\d\d-\d\d$).*", text, re.MULTILINE) == []
    kinds = "Added|Changed|Deprecated|Removed|Fixed|Security"
    assert re.findall(rf"^### (?!(?:{kinds})$).*", text, re.MULTILINE) == []


def test_on_a_package_index_no_link_of_the_readme_is_relative(monkeypatch: pytest.MonkeyPatch) -> None:
    said = {}
    monkeypatch.setattr(setuptools, "setup", lambda **arguments: said.update(arguments))
    runpy.run_path(str(ROOT / "setup.py"))
    assert re.findall(r"\]\((?!https?:|#)[^)]*\)", said["long_description"]) == []
    assert "](https://raw.githubusercontent.com/" in said["long_description"]


def test_lowest_versions_are_the_lower_bounds(tmp_path: Path) -> None:
    (tmp_path / "setup.cfg").write_text(
        "[options]\ninstall_requires =\n    lightning>=2.6,<2.7\n    numpy>=1.26\n"
        "    pyyaml\n    jsonargparse[signatures]>=4.49\n"
        "[options.extras_require]\nplot =\n    matplotlib>=3.8\nclustering =\n    cvxpy>=1.5\n"
        "qm9 =\n    torch-geometric>=2.6\n"
    )
    assert runpy.run_path(str(ROOT / ".ci" / "lowest.py"))["lowest"](tmp_path / "setup.cfg") == [
        "lightning==2.6",
        "pytorch-lightning==2.6",
        "numpy==1.26",
        "jsonargparse==4.49",
        "matplotlib==3.8",
        "pyparsing<3.2",
        "cvxpy==1.5",
        "torch-geometric==2.6",
    ]


def test_python_versions_are_the_same_wherever_they_are_promised() -> None:
    config = configparser.ConfigParser()
    config.read(ROOT / "setup.cfg", "utf-8")
    classified = re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])
    matrix = yaml.safe_load((ROOT / ".github" / "workflows" / "matrix.yml").read_text("utf-8"))
    tested = matrix["jobs"]["tests"]["strategy"]["matrix"]["python"]
    assert config["options"]["python_requires"] == f">={classified[0]}"
    assert tested == classified
    assert f"PYTHONS = {str(classified).replace(chr(39), chr(34))}" in (ROOT / "noxfile.py").read_text("utf-8")
