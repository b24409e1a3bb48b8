"""The page of methods tells of every file of the configurations, and of everything that TorchJD has."""

import inspect
import re
from pathlib import Path

import pytest
import torchjd.aggregation
import torchjd.scalarization
import yaml

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "methods.md").read_text("utf-8")
SECTIONS = dict(re.findall(r"^## (.*?)\n(.*?)(?=^## |\Z)", PAGE, re.MULTILINE | re.DOTALL))
PARTS = ("Parts of GO4Align (Table 3, Fig. 5)", "Clusterings of Eq. 3")
KINDS = {"A": torchjd.aggregation, "J": torchjd.scalarization}
BASES = ("Aggregator", "Scalarizer", "Weighting", "WeightedAggregator", "GramianWeightedAggregator")


def files(section: str) -> set[str]:
    """The column `file` of its tables."""
    tables = re.findall(r"^\| \w+ \| file \|.*\n((?:\|.*\n)+)", section, re.MULTILINE)
    return set(re.findall(r"^\| [^|]* \| `(\w+)` \|", "".join(tables), re.MULTILINE))


def said_to_be_in(folder: str) -> set[str]:
    (says,) = re.findall(rf"^\| `configs/{folder}/` \| (.*) \|$", PAGE, re.MULTILINE)
    if "as NYUv2" in says:
        without = {name for name in files(PAGE) if name not in said_to_be_in("nyuv2")}
    else:
        without = set(re.findall(r"`(\w+)`", says))
    if "the parts and the other clusterings" in says:
        without |= set().union(*(files(SECTIONS[name]) for name in PARTS)) - {"go4align"}
    return files(PAGE) - without


@pytest.mark.parametrize("folder", ["qm9", "nyuv2", "cityscapes", "celeba"])
def test_the_files_of_a_folder_are_those_that_the_page_names(folder: str) -> None:
    contents = {path.stem: yaml.safe_load(path.read_text()) for path in (ROOT / "configs" / folder).glob("*.yaml")}
    arguments = {name: content.get("model", {}).get("init_args", {}) for name, content in contents.items()}
    assert {name for name, given in arguments.items() if "method" in given} == said_to_be_in(folder)


@pytest.mark.parametrize("short", KINDS)
def test_all_that_torchjd_has_is_on_the_page(short: str) -> None:
    exported = {name for name, _ in inspect.getmembers(KINDS[short], inspect.isclass)} - set(BASES)
    of_no_aggregator = {name for name in exported if name.removesuffix("Weighting") == name}
    of_no_aggregator |= {name for name in exported if name.removesuffix("Weighting") not in exported}
    of_no_aggregator -= {"CRMOGMWeighting"}  # G.CRMOGM, which it is told with.
    assert [name for name in sorted(of_no_aggregator) if f"`{short}.{name}" not in PAGE] == []
