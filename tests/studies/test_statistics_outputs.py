"""What a study says of its differences, and in which unit."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_go4align.studies import Baseline, Results, Row
from lightning_go4align.studies import statistics_outputs as outputs
from lightning_go4align.studies.plots.statistics import intervals, profiles
from lightning_go4align.studies.statistics import Difference, differences, interval

SPREAD = [1.0, 1.01, 0.99, 1.02, 0.98]


def results(factors: dict[str, float], seeds: int = 5, **kwargs: Any) -> Results:
    """Errors of each method: its factor, times what a seed makes of it."""
    noise = {"LS": [1.0] * 5, "UW": SPREAD[::-1]}
    rows = [
        Row(name, seed, {"mu": factor * noise.get(name, SPREAD)[seed]})
        for name, factor in factors.items()
        for seed in range(seeds)
    ]
    return Results(list(factors), ["mu"], rows, reference="LS", **kwargs)


@pytest.fixture
def fifth() -> Results:
    """A method with a fifth of the reference's error, and one with three times."""
    return results({"LS": 1.0, "SI": 0.2, "DWA": 3.0})


def test_a_fifth_of_the_errors_is_80_percent_less(fifth: Results) -> None:
    first, second = (outputs.sentence(one, fifth) for one in differences(fifth))
    assert first.startswith("SI: errors -80.0 % [-80.2, -79.8] against LS")  # 0.2 × [0.99, 1.01]
    assert second.startswith("DWA: errors +200.0 % [+19")


def test_the_table_has_the_same_percents(fifth: Results) -> None:
    table = outputs.statistics_table(differences(fifth), fifth)
    assert "difference of errors, %" in table
    assert "\n| SI | 5 | -80.00 | [-80.2" in table


def test_two_seeds_have_no_interval_and_the_reason_why_a_report_has_one() -> None:
    rows = [Row(name, seed, {"mu": value + seed}) for name, value in (("LS", 1.0), ("SI", 3.0)) for seed in (0, 1)]
    found = Results(["LS", "SI"], ["mu"], rows, reference="LS")
    table = outputs.statistics_table(differences(found), found)
    assert "\n| SI | 2 | +144.95 | - |" in table  # the root of 3/1 * 4/2 is 2.4495
    assert "intervals by Student's t that a report of runs has from two seeds on" in table


def test_the_second_best_is_so_many_percent_above_the_best() -> None:
    found = results({"LS": 4.0, "UW": 3.0, "SI": 2.0})
    (told,) = outputs.two_best(differences(found), found)
    assert told.startswith("The two best: UW: errors +50.0 % [+4")


def test_points_of_delta_m_stay_as_they_are() -> None:
    found = results({"LS": 1.0, "SI": 0.2}, baseline=Baseline("", {"mu": 1.0}))
    assert "∆m -80.0 points" in outputs.sentence(differences(found)[0], found)


def drawn(found: Results, folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The axes of the pictures that are written, by the names of their files."""
    figures: dict[str, Any] = {}
    monkeypatch.setattr(outputs, "save", lambda figure, file: figures.update({file.name: figure.axes[0]}))
    outputs.write_statistics(found, folder)
    return figures


def test_pictures_are_in_the_unit_that_they_name(
    fifth: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    figures = drawn(fifth, tmp_path, monkeypatch)
    assert figures["intervals.png"].get_xlabel() == "difference to LS in % of errors, 95 % interval"
    dots = [
        line for line in figures["intervals.png"].lines if line.get_marker() == "o" and line.get_markersize() == 6
    ]
    assert [dot.get_xdata()[0] for dot in dots] == pytest.approx([-80, 200], abs=0.1)
    # Errors halved and errors doubled are as large as each other: no percents.
    assert "in log points of errors" in figures["seeds_needed.png"].get_xlabel()
    sizes = sorted(line.get_xdata()[0] for line in figures["seeds_needed.png"].lines if len(line.get_xdata()) == 1)
    assert sizes == pytest.approx([109.9, 160.9], abs=0.1)  # 100 log 3, 100 log 5


def test_of_four_seeds_there_is_no_interval_but_a_mean_and_each_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = results({"LS": 1.0, "SI": 0.2}, seeds=4)
    axes = drawn(found, tmp_path, monkeypatch)["intervals.png"]
    assert axes.get_xlabel() == "difference to LS in % of errors"
    assert "errors -79.9 % against LS, better in 4 of 4 seeds, p =" in outputs.sentence(differences(found)[0], found)
    assert "| SI | 4 | -79.90 | - | 4 of 4 |" in (tmp_path / "statistics.md").read_text()
    seeds = next(line for line in axes.lines if line.get_markersize() == 3)
    assert np.asarray(seeds.get_xdata()) == pytest.approx([-80, -79.8, -80.2, -79.6])


@pytest.mark.parametrize("seeds", [2, 3, 4])  # it would hold the mean in 0.5, 0.7 and 0.8 of all studies
def test_an_interval_that_would_often_miss_the_mean_is_none(seeds: int) -> None:
    assert all(map(math.isnan, interval(SPREAD[:seeds])))


def test_a_picture_with_one_interval_says_what_it_is() -> None:
    one = Difference("SI", (-1.0, -3.0), math.nan, math.nan, 0.3, 0.3, 8.0)
    other = Difference("UW", (-1.0,) * 5, -1.0, -1.0, 0.3, 0.3, 8.0)
    assert intervals([one, other], "LS").axes[0].get_xlabel().endswith("95 % interval")


def with_nll(nll: dict[str, float]) -> Results:
    rows = [
        Row(name, seed, {"mu": factor * SPREAD[seed], "*nll*": nll[name]})
        for name, factor in {"LS": 1.0, "SI": 0.5}.items()
        for seed in range(5)
    ]
    return Results(["LS", "SI"], ["mu", "*nll*"], rows, reference="LS")


def test_a_metric_without_ratio_leaves_the_others_theirs_and_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = with_nll({"LS": 0.2, "SI": -0.5})
    figures = drawn(found, tmp_path, monkeypatch)
    said = outputs.write_statistics(found, tmp_path)
    assert said[0].startswith("SI: errors -50.0 %")
    assert said[-1] == "Ratios leave out *nll*: values at or below 0 have none."
    assert r"Ratios leave out \*nll\*: values" in (tmp_path / "statistics.md").read_text()
    assert figures["profiles.png"].get_xlabel() == "factor above the best error\nwithout *nll*"


def test_where_no_metric_has_a_ratio_nothing_is_better_in_no_seed(tmp_path: Path) -> None:
    rows = [Row(name, seed, {"nll": nll}) for name, nll in {"LS": 0.2, "SI": -0.5}.items() for seed in range(2)]
    said = outputs.write_statistics(Results(["LS", "SI"], ["nll"], rows, reference="LS"), tmp_path)
    assert said == ["Ratios leave out nll: values at or below 0 have none."]
    assert "| SI | 2 | - | - | - | - | - | - |" in (tmp_path / "statistics.md").read_text()


def test_a_long_list_of_metrics_left_out_is_cut() -> None:
    label = profiles({"LS": [1.0]}, left_out=", ".join(f"metric {k}" for k in range(40))).axes[0].get_xlabel()
    assert len(label.splitlines()[1]) <= 60  # letters, of which a page's column holds more
