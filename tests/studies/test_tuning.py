"""A search comes near the optimum, goes on where it ended, and stops what is hopeless."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from studies.instant_runs import RATE, Instant, parabola

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_go4align.studies.tuning.POLL_SECONDS", 0)


def searched(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[..., None], engine: Any = None, **search: Any
) -> Tuning:
    space = {RATE: {"low": 0.0, "high": 1.0}}
    asked = study(tmp_path, search={"space": space, "trials": 20, **search}, reference="LS", name="s")
    engine = engine or Instant(finish, parabola)
    return Tuning(asked, engine, jobs=1, deadline=float("inf"), console=Console(quiet=True))


def test_a_search_comes_near_the_optimum_of_a_parabola(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    best, second = searched(study, tmp_path, finish, trials=25).run()
    assert best.method.overrides[RATE] == pytest.approx(0.3, abs=0.05)
    assert best.value <= second.value


def test_a_search_that_goes_on_asks_for_no_more_than_it_should(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    first = searched(study, tmp_path, finish, trials=5)
    first.run()
    again = searched(study, tmp_path, finish, trials=8)
    again.run()
    assert (len(first.seconds), len(again.seconds)) == (5, 3)


def test_no_time_is_no_trial(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    search = searched(study, tmp_path, finish)
    search.deadline = 0.0
    with pytest.raises(ValueError, match="No trial logged a number under 'val/delta_m'"):
        search.run()


def test_what_diverges_is_no_finalist(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Instant(finish, lambda run: [float("nan")])
    with pytest.raises(ValueError, match="Correct `select_by`"):
        searched(study, tmp_path, finish, engine, trials=3).run()


class Slow(Instant):
    """Each run logs one epoch per look, of ten; one in two is hopeless from the start."""

    def __init__(self, finish: Callable[..., None]) -> None:
        super().__init__(finish, lambda run: [])
        self.epochs: dict[Path, list[float]] = {}
        self.started = 0

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        self.started += 1
        for run in runs:
            self.epochs[run.folder] = [100.0 if self.started % 2 == 0 else 1.0]
        return super().submit(runs)

    def poll(self, submitted: Submitted) -> bool:
        logs = submitted.run.folder / "logs" / "version_0"
        logs.mkdir(parents=True, exist_ok=True)
        values = self.epochs[submitted.run.folder]
        values.append(values[0])
        with (logs / "metrics.csv").open("w", newline="") as file:
            csv.writer(file).writerows([["val/delta_m"], *([value] for value in values)])
        return len(values) > 10

    def collect(self, submitted: Submitted) -> Ending:
        (submitted.run.folder / "finished.json").write_text("{}")
        return Ending(End.FINISHED)


def test_hopeless_runs_are_stopped(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Slow(finish)
    searched(study, tmp_path, finish, engine, trials=12, startup=4).run()
    stopped = [engine.epochs[run.folder][0] for run in engine.cancelled]
    assert stopped == [100.0] * 4  # of the eight after the start, one in two
