"""What stands in bold in a study's table, and what its note says of it."""

from typing import Any

import pytest

from lightning_go4align.studies import Baseline, Results, Row
from lightning_go4align.studies.tables import comparison_table

BASELINE = Baseline("published", {"mu": 1.0})
DO_NOT_COMPARE = "Means over different seeds do not compare, and none is bold"
PAIRED = ": see the differences paired by seed."


def table(seeds: dict[str, list[int]], **kwargs: Any) -> str:
    rows = [Row(name, seed, {"mu": 1.0 + seed}) for name, found in seeds.items() for seed in found]
    return comparison_table(Results(list(seeds), ["mu"], rows, planned=len(rows), **kwargs))


@pytest.mark.parametrize("baseline", [None, BASELINE], ids=["without baseline", "with baseline"])
def test_means_over_different_seeds_are_not_called_the_best(baseline: Baseline | None) -> None:
    printed = table({"LS": [0, 1, 2], "SI": [0]}, baseline=baseline)  # SI lacks the hard seeds
    assert DO_NOT_COMPARE in printed
    assert "**" not in printed


@pytest.mark.parametrize("baseline", [None, BASELINE], ids=["without baseline", "with baseline"])
def test_over_the_same_seeds_in_any_order_they_are(baseline: Baseline | None) -> None:
    printed = table({"LS": [0, 1], "SI": [1, 0]}, baseline=baseline)
    assert DO_NOT_COMPARE not in printed
    assert "**" in printed


@pytest.mark.parametrize(
    ("seeds", "reference", "told"),
    [
        pytest.param({"LS": [0, 1], "SI": [0]}, "LS", PAIRED, id="with a reference"),
        pytest.param({"LS": [0, 1], "SI": [2]}, "LS", ".", id="of which no seed is shared"),
        pytest.param({"LS": [0, 1], "SI": [0]}, None, ". With a `reference` in the study", id="without a reference"),
    ],
)
def test_the_note_names_differences_only_where_they_are(
    seeds: dict[str, list[int]], reference: str | None, told: str
) -> None:
    note = table(seeds, reference=reference, baseline=BASELINE)
    assert f"{DO_NOT_COMPARE}{told}" in note
    assert (PAIRED in note) == (told == PAIRED)


def test_a_method_called_stl_is_not_taken_for_the_baseline() -> None:
    lines = table({"LS": [0], "STL": [0]}, baseline=BASELINE).splitlines()
    assert [line.split("|")[1].strip() for line in lines[2:5]] == ["STL (baseline)", "LS", "STL"]
    assert "STL (baseline): published." in lines[-1]
