"""What a study prints before and after its runs."""

import io
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console

from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.printed_plan import print_plan
from lightning_go4align.studies.printed_results import print_results
from lightning_go4align.studies.results import Baseline, Results, Row
from lightning_go4align.studies.study import Study

Finish = Callable[[Run, Sequence[Mapping[str, float]]], None]
METRICS = ["mu", "alpha", "homo", "lumo", "r2", "zpve", "u0", "u", "h", "g", "cv"]


def printed(show: Callable[[Console], None], width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    show(console)
    return [line.rstrip() for line in console.file.getvalue().splitlines()]  # type: ignore[attr-defined]  # The file of this console is a StringIO.


def cells(lines: list[str], method: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.split("│")[1:-1]] for line in lines if line.startswith(f"│ {method} ")]


@pytest.fixture
def searched(study: Callable[..., Study], tmp_path: Path) -> Study:
    """Two methods, three learning rates that seed 0 chooses among, three more seeds."""
    methods = {"few": {"overrides": {"trainer.max_steps": 7}}, "many": {"overrides": {"trainer.max_steps": 9}}}
    return study(tmp_path, methods=methods, learning_rates=[0.1, 0.2, 0.4], seeds=[0, 1, 2, 5])


def test_a_plan_counts_methods_learning_rates_and_seeds(searched: Study) -> None:
    lines = printed(lambda console: print_plan(make_plan(searched), console), width=200)
    assert lines[0] == (
        "study: 6 runs of 2 epochs, 2 methods × 3 learning rates × 1 seed; learning rates: 0.1, 0.2, 0.4; seeds: 0"
    )
    assert "and 6 more once learning rates are chosen, by val/delta_m" in lines


def test_a_plan_says_what_differs_and_how_far_it_is(searched: Study, finish: Finish) -> None:
    finish(make_plan(searched).runs[0], [{"val/delta_m": 1.0}])
    lines = printed(lambda console: print_plan(make_plan(searched), console))
    assert cells(lines, "few") == [["few", "max_steps 7", "1 of 3"]]
    assert cells(lines, "many") == [["many", "max_steps 9", "0 of 3"]]
    assert "First: few, seed 0, learning rate 0.2." in lines


def test_a_plan_names_what_differs_within_lists_of_classes(study: Callable[..., Study], tmp_path: Path) -> None:
    stop = {"class_path": "lightning.pytorch.callbacks.EarlyStopping", "init_args": {"monitor": "val/delta_m"}}
    plan = make_plan(study(tmp_path, methods={"LS": {}, "stopped": {"overrides": {"trainer.callbacks": [stop]}}}))
    (row,) = cells(printed(lambda console: print_plan(plan, console), width=200), "stopped")
    assert row[1] == "EarlyStopping, monitor val/delta_m"


def test_seeds_that_try_other_learning_rates_stand_in_rows_of_their_own(searched: Study, finish: Finish) -> None:
    for run, score in zip(make_plan(searched).runs, [3.0, 1.0, 2.0, 9.0, 9.0, 9.0], strict=True):
        if run.method == "few":
            finish(run, [{"val/delta_m": score}])
    lines = printed(lambda console: print_plan(make_plan(searched), console))
    assert cells(lines, "few") == [
        ["few", "max_steps 7", "0.1, 0.2, 0.4", "0", "3 of 3"],
        ["few", "max_steps 7", "0.2", "1, 2, 5", "0 of 3"],
    ]


def test_a_plan_and_a_page_need_no_matplotlib_and_wait_for_no_torch() -> None:
    modules = ["lightning_go4align.studies.printed_plan", "lightning_go4align.studies.page"]
    code = f"import sys; sys.modules.update(matplotlib=None, torch=None); import {', '.join(modules)}"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("width", [80, 120])
@pytest.mark.parametrize("num_methods", [1, 40])
def test_no_line_of_a_plan_is_wider_than_the_terminal(
    study: Callable[..., Study], tmp_path: Path, width: int, num_methods: int
) -> None:
    methods = {
        f"a method with a long name, the number {i}": {"overrides": {"data": {"a": i, "b": "x" * 90}}}
        for i in range(num_methods)
    }
    plan = make_plan(study(tmp_path, methods=methods, learning_rates=[10.0**-n for n in range(12)]))
    lines = printed(lambda console: print_plan(plan, console), width)
    assert max(map(len, lines)) <= width


@pytest.fixture
def results() -> Results:
    values = dict.fromkeys(METRICS, 2.0)
    rows = [Row(name, seed, values, seconds=1.0, cpu_seconds=1.0) for name in ("LS", "SI") for seed in (0, 1)]
    return Results(["LS", "SI"], METRICS, rows, baseline=Baseline("", dict.fromkeys(METRICS, 1.0)), planned=4)


@pytest.mark.parametrize(("width", "left_out"), [(80, 11), (120, 8), (300, 0)])
def test_results_have_the_columns_that_fit_and_count_the_others(results: Results, width: int, left_out: int) -> None:
    lines = printed(lambda console: print_results(results, console), width)
    head = [cell.strip() for cell in lines[1].split("┃")[1:-1]]
    assert head[0] == "method"
    assert {"∆m% ↓", "MR ↓"} < set(head)
    assert len(head) + left_out == 1 + 1 + len(METRICS) + 2 + 2  # method, seeds, scores, costs; a metric takes 14
    assert lines[-1].endswith(f"{left_out} more columns: table.md" if left_out else "↑ when higher")
    assert max(map(len, lines)) <= width
    assert cells(lines, "LS")[0][head.index("∆m% ↓")] == "+100.0 ± 0.0"
