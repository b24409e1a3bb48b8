import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.console import Console

from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.runner import run_study
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.watching import Watcher

BRACKETS = ["no files in [/data/x]", "boom [red] of me", "B [/tmp]", "see C:\\[", "the :smile: of a path"]


@pytest.mark.parametrize("words", BRACKETS)
def test_brackets_in_names_and_failures_are_shown_as_they_are(study: Callable[..., Study], words: str) -> None:
    console = Console(file=io.StringIO(), width=200, force_terminal=True)
    (run,) = make_plan(study(methods={words: {}})).runs
    with Watcher(words, 1, console) as watcher:
        watcher.started(run)
        watcher.ended(run, f"RuntimeError: {words}")
    printed = console.file.getvalue()  # type: ignore[attr-defined]
    assert f" {words}, seed 0: RuntimeError: {words}" in printed  # the failure
    assert f"  {words}, seed 0 " in printed  # the bar of the run


@pytest.mark.parametrize("words", BRACKETS)
def test_a_plan_shows_names_with_brackets_as_they_are(
    make_study: Callable[..., Path], capsys: pytest.CaptureFixture[str], words: str
) -> None:
    run_study(make_study(methods={words: {}}), dry_run=True)
    assert f"First: {words}, seed 0." in capsys.readouterr().out
