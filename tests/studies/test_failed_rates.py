"""A learning rate of which a run fails is never chosen, and takes nothing else with it."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import pytest
from studies.instant_runs import Instant

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.runner import carry_out
from lightning_go4align.studies.study import Study

METHODS: dict[str, Any] = {"LS": {}, "UW": {"overrides": {"data.init_args.num_train": 32}}}
ALONE = {"worst": {"columns": ["test/worst"]}}


class Failing(Instant):
    """An engine of which runs with these titles fail; others log their learning rate."""

    def __init__(self, finish: Callable[..., None], failing: Collection[str]) -> None:
        super().__init__(finish, lambda run: [])
        self.failing = failing

    def submit(self, runs: Any) -> list[Submitted]:
        for run in runs:
            run.folder.mkdir(parents=True, exist_ok=True)
        return [Submitted(run, None) for run in runs]

    def collect(self, submitted: Submitted) -> Ending:
        run = submitted.run
        if run.title in self.failing:
            return Ending(End.FAILED, "FloatingPointError: loss exploded")
        rate = run.learning_rate or 0.0
        self.finish(run, [{"val/worst": rate, "test/worst": rate}])
        return Ending(End.FINISHED)


@pytest.fixture
def asked(study: Callable[..., Study], tmp_path: Path) -> Callable[..., Study]:
    entries = {"learning_rates": [0.1, 0.2], "columns": ["test/worst"], "select_by": "val/worst", "seeds": [4, 5]}
    return lambda **more: study(tmp_path, **{**entries, "methods": METHODS, **more})


def rates(folder: Path) -> list[str]:
    lines = (folder / "study" / "results.csv").read_text().splitlines()
    return [",".join(line.split(",")[:3]) for line in lines[1:]]


def test_another_rate_is_chosen_and_the_failure_is_told(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit, match="1 run failed"):
        carry_out(make_plan(asked()), Failing(finish, ["LS, seed 4, learning rate 0.1"]))
    assert rates(tmp_path) == ["LS,4,0.2", "LS,5,0.2", "UW,4,0.1", "UW,5,0.1"]
    assert "LS: learning rate 0.1 failed, and is not chosen.\n" in capsys.readouterr().err


def test_one_of_the_seeds_that_choose_is_enough_to_lose(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None]
) -> None:
    with pytest.raises(SystemExit, match="1 run failed"):
        carry_out(make_plan(asked(learning_rate_seeds=[8, 9])), Failing(finish, ["UW, seed 9, learning rate 0.1"]))
    assert rates(tmp_path) == ["LS,4,0.1", "LS,5,0.1", "UW,4,0.2", "UW,5,0.2"]


def test_a_method_of_which_all_rates_failed_is_left_out(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None], capsys: pytest.CaptureFixture[str]
) -> None:
    failing = [f"LS, seed 4, learning rate {rate}" for rate in (0.1, 0.2)]
    with pytest.raises(SystemExit, match="2 runs failed"):
        carry_out(make_plan(asked()), Failing(finish, failing))
    assert rates(tmp_path) == ["UW,4,0.1", "UW,5,0.1"]
    assert "LS: each learning rate failed: it is left out.\n" in capsys.readouterr().err


def test_a_rate_that_failed_is_tried_again_by_the_next_command(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None]
) -> None:
    with pytest.raises(SystemExit):
        carry_out(make_plan(asked()), Failing(finish, ["LS, seed 4, learning rate 0.1"]))
    carry_out(make_plan(asked()), Failing(finish, []))
    assert rates(tmp_path)[:2] == ["LS,4,0.1", "LS,5,0.1"]


def test_a_network_of_one_task_has_another_rate_too_and_the_failure_is_not_forgotten(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None]
) -> None:
    with pytest.raises(SystemExit, match="1 run failed"):
        carry_out(make_plan(asked(single_task=ALONE)), Failing(finish, ["worst, seed 4, learning rate 0.1"]))
    assert len(rates(tmp_path)) == 4


def test_without_a_network_of_one_task_nothing_else_runs(
    asked: Callable[..., Study], tmp_path: Path, finish: Callable[..., None]
) -> None:
    with pytest.raises(SystemExit, match="1 run failed"):
        carry_out(make_plan(asked(single_task=ALONE)), Failing(finish, ["worst, seed 5, learning rate 0.1"]))
    assert not (tmp_path / "study").exists()
