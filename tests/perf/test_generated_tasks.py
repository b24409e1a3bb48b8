"""Runs on generated tasks: by the package's own drivers, kept, and compared in pairs."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torchjd.aggregation import Aggregator
from torchjd.scalarization import FAMO, UW, Scalarizer, Sum

from lightning_go4align import RobustGO4Align
from lightning_go4align.methods import DBMTL, SI
from perf import generated_tasks as command
from perf.generated_runs import Found, Runs, Setting, train
from perf.generated_tasks import generated_tasks

SETTING = Setting(num_tasks=6, label_fraction=0.05, learning_rate=1e-2, seed=0, epochs=3)


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: RobustGO4Align(), id="robust"),
        pytest.param(lambda: UW(6), id="learns with the model"),
        pytest.param(lambda: FAMO(6), id="learns after the step"),
        pytest.param(lambda: DBMTL(), id="gradient-oriented"),
    ],
)
def test_every_kind_of_method_learns_with_labels_missing(make: Callable[[], Scalarizer | Aggregator]) -> None:
    before = train(make(), SETTING._replace(epochs=0))
    after = train(make(), SETTING)
    assert after.validation < before.validation
    assert after.delta_m > 0  # no predictor is better than the best, but by chance


def test_a_run_is_a_function_of_its_setting() -> None:
    torch.manual_seed(1)
    first = train(RobustGO4Align(), SETTING._replace(epochs=1))
    torch.manual_seed(2)
    again = train(RobustGO4Align(), SETTING._replace(epochs=1))
    assert (first.validation, first.delta_m, first.agreement) == (again.validation, again.delta_m, again.agreement)


def test_a_run_that_is_kept_is_not_run_again(tmp_path: Path) -> None:
    made = []

    def make(tasks: int) -> Sum:
        made.append(tasks)
        return Sum()

    setting = SETTING._replace(epochs=0)
    found = [Runs(tmp_path / "runs.jsonl").run("LS", make, setting) for _ in range(2)]
    assert found[0] == found[1]
    assert made == [6]


def test_the_two_other_seeds_choose_the_rate_and_the_test_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """Validation of the two other seeds is best at 3e-3, the test at 1e-3."""

    def run(runs: Runs, name: str, make: object, setting: Setting) -> Found:
        chosen = {1e-3: 5.0, 3e-3: 2.0, 1e-2: 4.0, 3e-2: float("nan")}[setting.learning_rate]
        choosing = setting.seed in command.CHOOSING_SEEDS
        shift = 3.0 if name.startswith("SI") else 0.0
        return Found(chosen if choosing else 0.0, shift + setting.seed + 1000 * setting.learning_rate, 9.0, None, 1.0)

    monkeypatch.setattr(Runs, "run", run)
    results, differences = generated_tasks(6, seeds=3, methods=["SI", "LS"], reference="LS")
    assert list(results.columns[1].cells) == ["0.003", "0.003"]
    assert list(results.columns[2].cells) == ["4.00 ± 1.00", "7.00 ± 1.00"]
    assert [next(iter(column.cells)) for column in differences.columns][:4] == [
        "SI",
        "+3.00",
        "-",  # of fewer than five seeds there is no interval
        "0 of 3",
    ]


def test_smoothing_is_what_a_method_needs_where_a_batch_has_few_labels() -> None:
    setting = Setting(num_tasks=40, label_fraction=0.05, learning_rate=3e-3, seed=0, epochs=20)
    assert (
        train(RobustGO4Align(), setting).delta_m < train(SI(), setting).delta_m / 2
    )  # 34 and 137 in docs/results.md
