import json
import math
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lightning_go4align.studies import Baseline, Results, Row, run_study
from lightning_go4align.studies.baselines import read_baseline
from lightning_go4align.studies.figures import Bars, Elbow, PerformanceAgainstTime
from lightning_go4align.studies.parameter_curve import ParameterCurve
from lightning_go4align.studies.plots import curve
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tables import comparison_table, csv_rows, paired_table

FIGURES = "lightning_go4align.studies.figures"


def file_of(**content: Any) -> str:
    return json.dumps(content)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(
    ("errors", "found"),
    [
        pytest.param({"delta_m": 1.0}, r"none for \['worst'\]; it has \['delta_m'\]", id="a column left out"),
        pytest.param({"delta_m": 0.0, "worst": 1.0}, r"none for \['delta_m'\]", id="zero"),
        pytest.param({"delta_m": math.nan, "worst": "1"}, r"none for \['delta_m', 'worst'\]", id="no numbers"),
    ],
)
def test_nothing_runs_against_a_baseline_that_lacks_a_column(
    make_study: Callable[..., Path], tmp_path: Path, dry_run: bool, errors: dict[str, Any], found: str
) -> None:
    (tmp_path / "stl.json").write_text(file_of(about="", errors=errors))
    with pytest.raises(ValueError, match=found):
        run_study(make_study(tmp_path, baseline="stl.json"), dry_run=dry_run)
    assert not (tmp_path / "runs").exists()


def test_nothing_runs_against_a_baseline_that_is_not_there(make_study: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nope\.json, but there is no such file"):
        run_study(make_study(tmp_path, baseline="nope.json"))
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize("place", ["nomodule:X", "json:NOTHING", "json:", "json:dumps", "1:2"])
def test_a_baseline_that_names_no_mapping_is_refused(place: str) -> None:
    with pytest.raises(ValueError, match=f"`baseline` must name .*, but {place} gives "):
        read_baseline(place)


@pytest.mark.parametrize("content", ["", "[1]", file_of(errors={}), file_of(about=""), file_of(about="", errors=[1])])
def test_a_baseline_file_must_have_both_its_entries(tmp_path: Path, content: str) -> None:
    (tmp_path / "stl.json").write_text(content)
    with pytest.raises(ValueError, match=r"stl\.json must be .* `about`, .* `errors`, .* but holds"):
        read_baseline(str(tmp_path / "stl.json"))


@pytest.mark.parametrize(
    ("output", "entries", "missing"),
    [
        pytest.param(f"{FIGURES}.Bars", {}, "`Bars`, which needs a `baseline`,", id="Bars"),
        pytest.param(
            f"{FIGURES}.Elbow", {}, "`Elbow`, which needs a `baseline` and methods with an `x`,", id="Elbow"
        ),
        pytest.param(
            f"{FIGURES}.Elbow", {"baseline": "a.json"}, "needs methods with an `x`,", id="Elbow over nothing"
        ),
    ],
)
def test_an_output_says_at_the_start_what_it_needs(
    study: Callable[..., Study], output: str, entries: dict[str, Any], missing: str
) -> None:
    with pytest.raises(ValueError, match=missing):
        study(outputs=[{"class_path": output}], **entries)


def test_that_nothing_can_be_drawn_is_said_before_the_runs(
    study: Callable[..., Study], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)  # as if it were not installed
    with pytest.raises(ValueError, match=r"`RuntimeBars`, which needs matplotlib \(`pip install"):
        study(outputs=[{"class_path": f"{FIGURES}.RuntimeBars"}])


@pytest.fixture
def partial() -> Results:
    """SI has only one of two metrics."""
    rows = [Row("LS", 0, {"mu": 1.0, "r2": 3.0}, cpu_seconds=1.0), Row("SI", 0, {"mu": 1.0}, cpu_seconds=1.0)]
    baseline = Baseline("", {"mu": 1.0, "r2": 2.0})
    return Results(["LS", "SI"], ["mu", "r2"], rows, baseline=baseline, reference="LS", x={"SI": 3})


def test_a_method_without_a_column_has_no_score_and_is_ranked_in_the_others(partial: Results) -> None:
    assert "\n| LS | 0 | **1.00** | **3.00** | **1.00** | **+25.0** | - | 1.00 |\n" in comparison_table(partial)
    assert "\n| SI | 0 | **1.00** | - | 1.00 | - | - | 1.00 |\n" in comparison_table(partial)
    assert "\n| SI | 0 | 1.000 | 1.000 | - | - | 0 of 1 |\n" in paired_table(partial)
    assert math.isnan(csv_rows(partial)[2][5])  # type: ignore[arg-type]  # The row holds words and numbers; this is a number.


@pytest.mark.parametrize("output", [Elbow(), ParameterCurve("K")], ids=["Elbow", "ParameterCurve"])
def test_a_figure_over_a_parameter_is_not_drawn_of_nothing(
    partial: Results, tmp_path: Path, output: Callable[..., Any]
) -> None:
    with pytest.warns(UserWarning, match="No finished method with an `x` has a score"):
        output(partial, tmp_path)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("output", [Bars(), PerformanceAgainstTime()], ids=["Bars", "PerformanceAgainstTime"])
def test_a_method_without_score_spoils_no_figure(
    partial: Results, tmp_path: Path, output: Callable[..., Any]
) -> None:
    output(partial, tmp_path)
    assert list(tmp_path.iterdir())


def test_a_temperature_stands_on_its_axis_as_a_power_of_ten() -> None:
    axes = curve([(1e-4, [40.0, 44.0]), (1.0, [250.0])], "β").axes[0]
    axes.figure.canvas.draw()
    assert {"10⁻⁴", "10⁰"} <= {tick.get_text() for tick in axes.get_xticklabels()}


def test_values_within_a_power_of_ten_are_named_themselves() -> None:
    axes = curve([(0.2, [40.0]), (0.5, [50.0])], "β").axes[0]
    axes.figure.canvas.draw()
    assert [tick.get_text() for tick in axes.get_xticklabels()] == ["0.2", "0.5"]
