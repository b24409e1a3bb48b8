"""A search comes near the optimum, goes on where it ended, and stops what is hopeless."""

import csv
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from rich.console import Console
from studies.instant_runs import RATE, Instant, parabola, searched

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_go4align.studies.tuning.POLL_SECONDS", 0)


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
    assert (len(first.seconds), len(again.seconds)) == (5, 8)  # it knows how long the first ones took, too


def test_no_time_is_no_trial(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    search = searched(study, tmp_path, finish)
    search.deadline = 0.0
    with pytest.raises(ValueError, match="No trial ended"):
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


class Failing(Instant):
    """Each run ends as it is told."""

    def __init__(self, finish: Callable[..., None], *endings: End) -> None:
        super().__init__(finish, parabola)
        self.endings = list(endings)

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        for run in runs:
            run.folder.mkdir(parents=True, exist_ok=True)
        return [Submitted(run, iter(parabola(run))) for run in runs]

    def collect(self, submitted: Submitted) -> Ending:
        end = self.endings.pop(0) if len(self.endings) > 1 else self.endings[0]
        return super().collect(submitted) if end is End.FINISHED else Ending(end, "no such file")


def test_a_search_of_which_all_fails_ends_with_the_reason(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    with pytest.raises(ValueError, match=r"All of the first 4 trials failed, the last one with: no such file\."):
        searched(study, tmp_path, finish, Failing(finish, End.FAILED), startup=4).run()


def test_a_trial_whose_machine_is_lost_is_tried_again(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Failing(finish, End.LOST, End.LOST, End.FINISHED)
    search = searched(study, tmp_path, finish, engine, trials=3)
    search.run()
    assert (len(search.seconds), search.failures) == (3, [])


def test_a_trial_that_is_lost_again_and_again_fails(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine = Failing(finish, *[End.LOST] * 4, End.FINISHED)
    search = searched(study, tmp_path, finish, engine, trials=3)
    search.run()
    assert (len(search.seconds), search.failures) == (3, ["no such file"])


def test_none_is_stopped_in_the_first_half_of_its_epochs(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    engine, search = Slow(finish), {"space": {RATE: {"low": 0.0, "high": 1.0}}, "trials": 12, "startup": 4}
    asked = study(tmp_path, search=search, reference="LS", overrides={"trainer.max_epochs": 10})
    Tuning(asked, engine, jobs=1, deadline=float("inf"), console=Console(quiet=True)).run()
    assert [len(engine.epochs[run.folder]) for run in engine.cancelled] == [6] * 4


def test_none_is_stopped_whose_epochs_are_all_done(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    class Late(Slow):
        """Its logs are seen when the last epoch is through, and the test is running still."""

        def poll(self, submitted: Submitted) -> bool:
            values = self.epochs[submitted.run.folder]
            values += values[:1] * 8
            return super().poll(submitted)

    engine = Late(finish)
    searched(study, tmp_path, finish, engine, trials=12, startup=4).run()
    assert engine.cancelled == []


def test_the_table_of_a_search_has_choices_as_they_are_and_what_was_stopped_last(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    space = {"model.init_args.method.init_args.reach": {"choices": [None, 4.0]}, RATE: {"low": 0.1, "high": 0.2}}
    search = searched(study, tmp_path, finish, Slow(finish), trials=12, startup=4, space=space)
    search.run()
    lines = [line.split(" | ") for line in search.table.splitlines() if line.startswith("| LS")]
    assert {line[0].rsplit("reach ", 1)[-1].split(",")[0] for line in lines} == {"None", "4"}
    assert [line[-1].removesuffix(" |") for line in lines] == ["all"] * 8 + ["stopped after 6"] * 4
