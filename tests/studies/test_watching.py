import io
from collections.abc import Callable
from pathlib import Path

import pytest
from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

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
    printed = console.file.getvalue()  # type: ignore[attr-defined]  # The file of this console is a StringIO.
    assert f" {words}, seed 0: RuntimeError: {words}" in printed  # the failure
    assert f"  {words}, seed 0 " in printed  # the bar of the run


@pytest.mark.parametrize("width", [60, 80])
def test_nothing_is_cut_off_at_the_terminals_edge(study: Callable[..., Study], width: int) -> None:
    console = Console(file=io.StringIO(), width=width, force_terminal=True)
    name = "robust GO4Align, learning_rate 0.00123, num_groups 3, reach 4"
    (run,) = make_plan(study(methods={name: {}})).runs
    what = "another run to end, of as many as `jobs` allows"
    with Watcher("finals", 45, console) as watcher:
        watcher.started(run)
        watcher.waiting(44, what)
    printed = console.file.getvalue()  # type: ignore[attr-defined]  # The file of this console is a StringIO.
    lines = [Text.from_ansi(line).plain for line in printed[printed.rindex("finals") :].splitlines()]
    titles = [line.split("━")[0] for line in lines]
    assert "…" not in printed
    assert max(map(cell_len, lines)) <= width
    assert f"{name}, seed 0".replace(" ", "") in "".join(titles).replace(" ", "")
    assert f"44 more wait for {what}" in " ".join(" ".join(lines).split())


@pytest.mark.parametrize("moment", ["the last one starts", "another study has finished it", "none is left"])
def test_nobody_waits_any_more_once_all_have_what_they_waited_for(study: Callable[..., Study], moment: str) -> None:
    console = Console(file=io.StringIO(), width=80, force_terminal=True)
    (run,) = make_plan(study()).runs
    with Watcher("study", 1, console) as watcher:
        watcher.waiting(1, "process 1 on node-7")
        if moment == "the last one starts":
            watcher.started(run)
        elif moment == "another study has finished it":
            watcher.skipped(run)
        else:
            watcher.waiting(0, "2 GPUs, of which 0 free")
    assert "wait" not in console.file.getvalue()  # type: ignore[attr-defined]  # The file of this console is a StringIO.


@pytest.mark.parametrize("words", BRACKETS)
def test_a_plan_shows_names_with_brackets_as_they_are(
    make_study: Callable[..., Path], capsys: pytest.CaptureFixture[str], words: str
) -> None:
    run_study(make_study(methods={words: {}}), dry_run=True)
    assert f"First: {words}, seed 0." in capsys.readouterr().out
