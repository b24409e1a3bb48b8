"""Processes that are forked are as those of an interpreter of their own."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_go4align import __version__
from lightning_go4align.studies.claims import Claim, holder, take
from lightning_go4align.studies.engines.local import LocalEngine, local_engine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.heart import ORPHANED
from lightning_go4align.studies.logs import logged
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.starting import Command, Start
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.watching import Watcher

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="forks are for Linux alone")
ENDLESS = ("fit", "-c", "toy/base", "-c", "toy/ls", "--trainer.max_epochs=-1", "--trainer.logger=false")
Make = Callable[..., Command]


@pytest.fixture
def start() -> Start:
    from lightning_go4align.studies.forks import ForkedStart

    return ForkedStart()


@pytest.fixture
def command(tmp_path: Path) -> Make:
    def make(*arguments: str, **environment: str) -> Command:
        claim: Claim = take(tmp_path)
        variables = {"OMP_NUM_THREADS": "1", **environment}
        return Command(claim.folder, arguments, variables, tmp_path / "output.txt", tmp_path)

    return make


def owner(folder: Path) -> int:
    """The process at a run, once it has adopted the claim."""
    ours = f"process {os.getpid()} on"
    while (who := holder(folder)).startswith(ours):
        time.sleep(0.01)
    return int(who.split()[1])


def test_a_fork_does_what_it_is_told_and_its_output_is_its_own(start: Start, command: Make, tmp_path: Path) -> None:
    assert start(command("--version")).wait(60) == 0
    assert __version__ in (tmp_path / "output.txt").read_text()


def test_a_mistake_ends_one_fork_with_its_status(start: Start, command: Make, tmp_path: Path) -> None:
    assert start(command("fitt")).wait(60) == 2
    assert "There is no command `fitt`" in (tmp_path / "output.txt").read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_fork_can_be_ended_and_the_next_one_runs(
    start: Start, command: Make, tmp_path: Path, number: signal.Signals
) -> None:
    process = start(command(*ENDLESS))
    owner(tmp_path)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(0.1)
    process.terminate() if number is signal.SIGTERM else process.kill()
    assert process.wait(60) != 0
    Claim(tmp_path / "claims" / "1").release()
    assert start(command("--version")).wait(60) == 0


def test_forks_end_with_the_server_and_the_next_one_has_another(start: Start, command: Make, tmp_path: Path) -> None:
    process = start(command(*ENDLESS))
    child = owner(tmp_path)
    server = int(Path(f"/proc/{child}/stat").read_text().rsplit(")", 1)[1].split()[1])
    os.kill(server, signal.SIGKILL)
    assert process.wait(60) == ORPHANED
    assert not Path(f"/proc/{child}/exe").exists()
    assert "The process that started this run has ended" in (tmp_path / "output.txt").read_text()
    Claim(tmp_path / "claims" / "1").release()
    assert start(command("--version")).wait(60) == 0


class Silent(Watcher):
    def __init__(self) -> None: ...

    def started(self, run: Run) -> None: ...

    def watch(self, runs: object) -> None: ...

    def waiting(self, number: int, what: str) -> None: ...

    def ended(self, run: Run, failure: str | None) -> None: ...


def test_a_fork_trains_to_the_bit_as_an_interpreter_does(study: Callable[..., Study], tmp_path: Path) -> None:
    found = []
    for name, make in {"fork": local_engine, "interpreter": LocalEngine}.items():
        (tmp_path / name).mkdir()
        (run,) = make_plan(study(tmp_path / name)).runs
        assert execute([run], make(this_machine(1, gpus=[]), Resources()), Silent()) == Outcome()
        found.append([logged(run.folder, metric) for metric in ("val/delta_m", "test/delta_m", "test/worst")])
    assert found[0] == found[1]


def test_forks_that_have_ended_leave_no_file_open_and_no_process(start: Start, command: Make, tmp_path: Path) -> None:
    def left() -> tuple[int, int]:
        assert start(command("--version")).wait(60) == 0
        Claim(max((tmp_path / "claims").iterdir())).release()
        children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
        return len(list(Path("/proc/self/fd").iterdir())), len(children)

    first = left()
    assert [left(), left()] == [first, first]


def test_where_a_run_may_have_a_gpu_it_has_an_interpreter() -> None:
    engine = local_engine(this_machine(1, gpus=["0"]), Resources())
    assert type(engine._start).__name__ == "InterpreterStart"


RUN = f"""
import time
from pathlib import Path
from lightning_go4align.studies.claims import take
from lightning_go4align.studies.forks import ForkedStart
from lightning_go4align.studies.starting import Command
started = ForkedStart()(Command(take(Path.cwd()).folder, {ENDLESS}, {{"OMP_NUM_THREADS": "1"}}, Path("output")))
time.sleep(600)
"""
CHECK = "import time; from lightning_go4align.studies.forks import called_apart; called_apart(time.sleep, 600)"


def alive(session: int) -> int:
    """Number of processes of a session."""
    found = 0
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # It has just ended.
            state, _, _, of = file.read_text().rsplit(")", 1)[1].split()[:4]
            found += of == str(session) and state != "Z"
    return found


@pytest.mark.parametrize("code", [pytest.param(RUN, id="a run"), pytest.param(CHECK, id="a check")])
def test_nothing_is_left_of_a_process_that_was_killed(tmp_path: Path, code: str) -> None:
    study = subprocess.Popen([sys.executable, "-c", code], start_new_session=True, cwd=tmp_path)
    while alive(study.pid) < 4:  # it, the tracker and the server of `multiprocessing`, and the fork
        assert study.poll() is None
        time.sleep(0.05)
    study.kill()
    study.wait()
    end = time.monotonic() + 30
    while alive(study.pid) and time.monotonic() < end:
        time.sleep(0.05)
    left = alive(study.pid)
    with contextlib.suppress(ProcessLookupError):
        os.killpg(study.pid, signal.SIGKILL)
    assert left == 0
