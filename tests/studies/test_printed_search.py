"""What ``go4align tune --dry_run`` says, that it comes true, and that it leaves nothing behind."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from studies.instant_runs import RATE, Instant, parabola

from lightning_go4align.cli import main
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.printed_search import print_search
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning

SPACE = {RATE: {"low": 0.25, "high": 1.0}, "trainer.max_steps": {"choices": [7, None], "methods": ["many"]}}
SEARCH = {"space": SPACE, "trials": 6, "startup": 3, "finalists": 2}
METHODS: dict[str, dict[str, Any]] = {"LS": {}, "few": {}, "many": {}}


@pytest.fixture(autouse=True)
def _without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lightning_go4align.studies.tuning.POLL_SECONDS", 0)


@pytest.fixture
def make(study: Callable[..., Study], tmp_path: Path) -> Callable[..., Study]:
    """The study, with another number of trials."""

    def make_one(trials: int = 6) -> Study:
        search = {**SEARCH, "trials": trials}
        return study(tmp_path, search=search, reference="LS", name="s", methods=METHODS, seeds=[0, 1, 2, 3])

    return make_one


@pytest.fixture
def asked(make: Callable[..., Study]) -> Study:
    return make()


def said(study: Study, hours: float = 1.0, jobs: int = 2, width: int = 200) -> str:
    console = Console(file=io.StringIO(), width=width)
    print_search(study, hours, jobs, console)
    return console.file.getvalue()  # type: ignore[attr-defined,no-any-return]  # The file of this console is a StringIO.


def row(text: str, name: str) -> list[str]:
    (line,) = [line for line in text.splitlines() if line.startswith(f"│ {name} ")]
    return [cell.strip() for cell in line.split("│")[1:-1]]


def test_a_dry_run_shows_the_space_and_what_decides(asked: Study) -> None:
    text = said(asked)
    assert "s: at most 6 trials of 2 epochs with seed 10000, judged by the best val/delta_m" in text
    assert row(text, "method") == ["method", "few, many", ""]
    assert row(text, "model.learning_rate") == ["model.learning_rate", "0.25 to 1", "all"]
    assert row(text, "trainer.max_steps") == ["trainer.max_steps", "7, None", "many"]
    assert "Finals: the best 2, of each method first, against LS, seeds 0 to 3: 12 runs." in text
    assert "1 h with 2 jobs: no trial has ended yet" in text


def test_the_first_trial_is_the_one_that_was_named(asked: Study, finish: Callable[..., None]) -> None:
    text, runs = said(asked), list[Run]()

    def note(run: Run) -> list[float]:
        runs.append(run)
        return parabola(run)

    Tuning(asked, Instant(finish, note), jobs=1, deadline=float("inf"), console=Console(quiet=True)).run()
    rate = runs[0].config["model"]["init_args"]["learning_rate"]
    assert f"First: {runs[0].method}, learning_rate {rate:.3g}" in text


def test_a_dry_run_leaves_a_search_as_it_was(asked: Study, finish: Callable[..., None], tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    said(asked)
    assert sorted(tmp_path.rglob("*")) == before
    search = Tuning(asked, Instant(finish, parabola), jobs=1, deadline=float("inf"), console=Console(quiet=True))
    search.run()
    files = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "6 of 6 trials ended, 0 of them stopped early" in said(asked)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == files


@pytest.mark.parametrize(("trials", "more"), [(6, 0), (8, 2), (10_000, 4)])
def test_a_dry_run_says_how_many_trials_the_time_holds(
    make: Callable[..., Study], finish: Callable[..., None], monkeypatch: pytest.MonkeyPatch, trials: int, more: int
) -> None:
    Tuning(make(), Instant(finish, parabola), jobs=1, deadline=float("inf"), console=Console(quiet=True)).run()
    monkeypatch.setattr("lightning_go4align.studies.printed_search.seconds_of", lambda trials: [900.0])
    # two hours hold eight rounds of a quarter of an hour; with two jobs the 12 final runs take six of them
    expected = f"2 h with 2 jobs: about {more} more trials beside the finals, at 15 min each."
    assert expected in said(make(trials), hours=2.0)


@pytest.mark.parametrize("width", [80, 120])
def test_no_line_is_wider_than_the_terminal(asked: Study, width: int) -> None:
    assert max(map(len, said(asked, width=width).splitlines())) <= width


def test_the_command_plans_and_runs_nothing(
    make_study: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = make_study(tmp_path, search=SEARCH, reference="LS", methods=METHODS)
    main(["tune", str(file), "--dry-run", "--hours", "2"])
    assert "First: " in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [file]
    with pytest.raises(SystemExit):
        main(["tune", str(make_study(tmp_path)), "--dry_run"])
    assert "needs a `search` and a `reference`" in capsys.readouterr().err
