import csv
import math
from pathlib import Path

import pytest

from lightning_go4align.benchmarks.nyuv2.published import HIGHER_IS_BETTER, SINGLE_TASK, TABLE
from lightning_go4align.studies.baselines import SingleTaskBaseline, read_baseline
from lightning_go4align.studies.comparison import paired_comparisons
from lightning_go4align.studies.results import Baseline, Results, Row
from lightning_go4align.studies.tables import comparison_table, paired_table, write_tables


@pytest.fixture
def table_1() -> Results:
    """The rows of the paper's Table 1, as if they were runs."""
    rows = [Row(name, 0, dict(zip(SINGLE_TASK, row.values, strict=True))) for name, row in TABLE.rows.items()]
    baseline = Baseline("published", SINGLE_TASK)
    return Results(list(TABLE.rows), list(SINGLE_TASK), rows, HIGHER_IS_BETTER, baseline, planned=13)


def cells(table: str, method: str) -> list[str]:
    (line,) = (line for line in table.splitlines() if line.startswith(f"| {method} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


@pytest.mark.parametrize("method", [name for name in TABLE.rows if name != "IMTL-G"])  # its row gives -0.60
def test_rows_of_table_1_give_its_mean_rank_and_delta_m(table_1: Results, method: str) -> None:
    mean_rank, delta_m = (float(cell.strip("*")) for cell in cells(comparison_table(table_1), method)[-4:-2])
    published = TABLE.rows[method]
    assert mean_rank == published.mean_rank
    assert delta_m == pytest.approx(published.delta_m, abs=0.05 + 0.02)  # one digit here, and that of the row


def test_the_best_of_each_column_is_bold_single_task_networks_left_aside(table_1: Results) -> None:
    bold = {name: [cell for cell in cells(comparison_table(table_1), name) if "**" in cell] for name in TABLE.rows}
    errors = ["**40.4**", "**0.217**", "**24.8**", "**18.9**", "**30.5**", "**57.9**", "**69.8**"]
    assert bold["GO4Align"] == [*errors, "**2.11**", "**-6.1**"]
    assert bold["NashMTL"] == ["**65.9**", "**0.526**"]


def test_seeds_become_mean_and_standard_deviation() -> None:
    rows = [Row("LS", seed, {"mu": value}) for seed, value in enumerate((1.0, 2.0, 3.0))]
    assert cells(comparison_table(Results(["LS"], ["mu"], rows)), "LS")[1:3] == ["0, 1, 2", "**2.00 ± 1.00**"]


def test_a_bar_in_a_name_starts_no_column() -> None:
    table = comparison_table(Results(["A|B"], ["a|b"], [Row("A|B", 0, {"a|b": 1.0})]))
    assert table.startswith("| method | seeds | a\\|b ↓ | s/epoch | CPU s/epoch |\n")
    assert "\n| A\\|B | 0 | **1.00** | - | - |\n" in table


def test_the_table_says_which_baseline_it_used(table_1: Results) -> None:
    assert "STL (baseline): published" in comparison_table(table_1)


def test_the_table_names_the_chosen_learning_rate() -> None:
    table = comparison_table(Results(["LS"], ["mu"], [Row("LS", 0, {"mu": 1.0}, learning_rate=5e-4)]))
    assert cells(table, "LS")[2] == "0.0005"


def test_an_unfinished_study_says_so() -> None:
    table = comparison_table(Results(["LS", "SI"], ["mu"], [Row("LS", 0, {"mu": 1.0})], planned=2))
    assert "1 of 2 runs finished" in table


def test_means_over_different_seeds_are_marked() -> None:
    baseline = Baseline("", {"mu": 1.0})
    rows = [Row("LS", 0, {"mu": 1.0}), Row("LS", 1, {"mu": 1.0}), Row("SI", 0, {"mu": 1.0})]
    assert "do not compare" in comparison_table(Results(["LS", "SI"], ["mu"], rows, baseline=baseline))


@pytest.fixture
def two_methods() -> Results:
    """SI has twice LS's mu and half its accuracy at seed 1, and equals it at seed 0; seed 2 is LS's alone."""
    values = {("LS", 0): (1.0, 8.0), ("LS", 1): (1.0, 8.0), ("LS", 2): (9.0, 9.0)}
    values |= {("SI", 0): (1.0, 8.0), ("SI", 1): (2.0, 4.0)}
    rows = [Row(method, seed, {"mu": mu, "acc": acc}) for (method, seed), (mu, acc) in values.items()]
    baseline = Baseline("", {"mu": 1.0, "acc": 8.0})
    return Results(["LS", "SI"], ["mu", "acc"], rows, frozenset(["acc"]), baseline, reference="LS")


def test_methods_are_compared_within_shared_seeds(two_methods: Results) -> None:
    (pair,) = paired_comparisons(two_methods)
    assert pair.seeds == [0, 1]
    assert pair.ratios == pytest.approx([1.0, 2.0])  # an accuracy halved counts as an error doubled
    assert pair.differences == pytest.approx([0.0, 75.0])  # (100 + 50) / 2
    assert pair.wins == [0, 0]


def test_the_paired_table_shows_each_seed(two_methods: Results) -> None:
    expected = ["SI", "0, 1", "1.414", "1.000, 2.000", "+37.5", "0.0, +75.0", "0 of 2"]
    assert cells(paired_table(two_methods), "SI") == expected


def test_metrics_that_are_not_positive_have_no_ratio(two_methods: Results) -> None:
    rows = [Row("LS", 0, {"mu": -1.0}), Row("SI", 0, {"mu": -2.0})]
    (pair,) = paired_comparisons(Results(["LS", "SI"], ["mu"], rows, reference="LS"))
    assert math.isnan(pair.ratios[0])


@pytest.fixture(params=[math.inf, -math.inf, math.nan])
def diverged(request: pytest.FixtureRequest) -> Results:
    """LS, the reference, has no number at seed 1, in a metric that is better when higher."""
    values = {("LS", 0): (1.0, 8.0), ("LS", 1): (1.0, request.param), ("SI", 0): (1.0, 4.0), ("SI", 1): (1.0, 4.0)}
    rows = [Row(method, seed, {"mu": mu, "acc": acc}) for (method, seed), (mu, acc) in values.items()]
    return Results(
        ["LS", "SI"], ["mu", "acc"], rows, frozenset(["acc"]), Baseline("", values={"mu": 1.0, "acc": 8.0}), "LS"
    )


def test_a_diverged_run_ranks_last_and_has_no_score(diverged: Results) -> None:
    table = comparison_table(diverged)
    assert cells(table, "LS")[2:6] == ["**1.00 ± 0.00**", "-", "1.50", "-"]  # ranks 1 and 2
    assert cells(table, "SI")[2:6] == ["**1.00 ± 0.00**", "**4.00 ± 0.00**", "**1.00**", "**+25.0 ± 0.0**"]
    assert "A - stands where a seed gave no finite number." in table


def test_a_diverged_reference_is_compared_with_at_no_seed(diverged: Results) -> None:
    assert cells(paired_table(diverged), "SI")[2:6] == ["-", "1.414, -", "-", "+25.0, -"]


def test_writing_again_duplicates_no_row(two_methods: Results, tmp_path: Path) -> None:
    for _ in range(2):
        write_tables(two_methods, tmp_path)
    with (tmp_path / "results.csv").open(newline="") as file:
        assert [(row["method"], row["seed"], row["delta_m"]) for row in csv.DictReader(file)] == [
            ("LS", "0", "0.0"),
            ("LS", "1", "0.0"),
            ("LS", "2", "393.75"),  # (800 - 12.5) / 2
            ("SI", "0", "0.0"),
            ("SI", "1", "75.0"),
        ]


def test_single_task_runs_become_a_baseline_that_names_its_seeds(tmp_path: Path) -> None:
    rows = [Row("mu", 0, {"mu": 1.0}), Row("mu", 1, {"mu": 3.0}), Row("r2", 0, {"r2": 5.0})]
    SingleTaskBaseline("quick")(Results(["mu", "r2"], ["mu", "r2"], rows), tmp_path)
    baseline = read_baseline(str(tmp_path / "baseline.json"))
    assert baseline == Baseline("`baseline.json`: quick; seeds 0, 1", {"mu": 2.0, "r2": 5.0})


def test_an_incomplete_baseline_is_not_written(tmp_path: Path) -> None:
    rows = [Row("mu", 0, {"mu": 1.0})]
    SingleTaskBaseline("quick")(Results(["mu", "r2"], ["mu", "r2"], rows), tmp_path)
    assert not list(tmp_path.iterdir())
