"""The command as a process: interrupts at any time, a reader that goes away, two fits at once."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from isolation import child_environment
from lightning.pytorch.utilities.exceptions import SIGTERMException

from lightning_go4align.cli import main

FIT = ["fit", "-c", "toy/base", "-c", "toy/quick", "-c", "toy/go4align", "--trainer.enable_progress_bar=false"]
LONG = [*FIT, "--trainer.max_epochs=1000000"]

#: Stand for what a start goes through: each says that it is there, and waits.
STAGES = {
    "importing": "import sys, types\nclass Slow:\n    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'jsonargparse': print('here', flush=True); import time; time.sleep(60)\n"
    "sys.meta_path.insert(0, Slow())\n",
    "swallowed": "import sys, time\nclass Slow:\n    def find_spec(self, name, path=None, target=None):\n"
    "        if name == 'jsonargparse':\n"
    "            try:\n                print('here', flush=True)\n                time.sleep(60)\n"
    "            except BaseException: raise ImportError('KeyboardInterrupt: <EMPTY MESSAGE>') from None\n"
    "sys.meta_path.insert(0, Slow())\n",
}


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    started = []

    def start(words: list[str], before: str = "", **options: Any) -> subprocess.Popen[str]:
        code = f"{before}\nfrom lightning_go4align.cli import main\nmain()"
        process = subprocess.Popen(
            [sys.executable, "-c", code, *words],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env=child_environment(),
            **options,
        )
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.communicate()


def check_interrupted(process: subprocess.Popen[str]) -> None:
    _, said = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in said
    assert said.splitlines()[-1].endswith(": interrupted.")


@pytest.mark.parametrize("stage", STAGES)
def test_an_interrupt_of_the_start_ends_it_at_once(stage: str, start: Callable[..., subprocess.Popen[str]]) -> None:
    process = start(["study", "studies/qm9_beta", "--dry_run"], STAGES[stage])
    assert process.stdout.readline() == "here\n"  # type: ignore[union-attr]  # It was opened with a pipe.
    process.send_signal(signal.SIGINT)
    check_interrupted(process)


@pytest.mark.slow
@pytest.mark.parametrize("times", [1, 3])
def test_an_interrupt_of_training_ends_it_in_order(
    times: int, start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start(LONG)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("metrics.csv")) and time.monotonic() < deadline:
        time.sleep(0.2)
    for _ in range(times):
        process.send_signal(signal.SIGINT)
        time.sleep(0.05)
    check_interrupted(process)


@pytest.mark.slow
def test_training_that_is_told_to_end_is_no_success(
    start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    process = start(LONG)
    deadline = time.monotonic() + 120
    while not list(tmp_path.rglob("metrics.csv")) and time.monotonic() < deadline:
        time.sleep(0.2)
    process.terminate()
    _, said = process.communicate(timeout=60)
    assert process.returncode == 143
    assert said.splitlines()[-1] == "go4align fit: ended by SIGTERM."


def test_what_lightning_ends_by_has_the_status_of_its_signal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def terminated(*_: Any) -> None:
        raise SIGTERMException

    monkeypatch.setattr("lightning_go4align.cli.commands.lightning", terminated)
    with pytest.raises(SystemExit) as ended:
        main(["fit", "-c", "toy/base"])
    assert ended.value.code == 143
    assert "go4align fit: ended by SIGTERM." in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error(start: Callable[..., subprocess.Popen[str]]) -> None:
    reading, writing = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "lightning_go4align", "configs"],
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    os.close(reading)
    os.close(writing)
    _, said = process.communicate(timeout=60)
    assert (process.returncode, said) == (141, "")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("logger", "folders"),
    [
        pytest.param("CSVLogger", {"version_0", "version_1"}, id="CSV"),
        pytest.param("TensorBoardLogger", {"version_0", "version_1"}, id="TensorBoard"),
        pytest.param("false", {"Küche & Bad", "version_1"}, id="no logger"),
    ],
)
def test_two_fits_at_once_keep_their_files_apart(
    logger: str, folders: set[str], start: Callable[..., subprocess.Popen[str]], tmp_path: Path
) -> None:
    words = [*FIT, "--trainer.max_epochs=1", "--trainer.limit_train_batches=100", f"--trainer.logger={logger}"]
    place = "default_root_dir" if logger == "false" else "logger.save_dir"
    words += [f"--trainer.{place}=Küche & Bad", "--trainer.callbacks+=GroupDynamicsMonitor"]
    processes = [start(words) for _ in range(2)]
    ends = [(process.communicate(timeout=120)[1], process.returncode) for process in processes]
    assert [status for _, status in ends] == [0, 0], ends
    for name in ("group_dynamics.html", "group_dynamics.npz", "config.yaml"):
        assert {path.parent.name for path in tmp_path.rglob(name)} == folders
    assert {path.parents[1].name for path in tmp_path.rglob("*.ckpt")} == folders
