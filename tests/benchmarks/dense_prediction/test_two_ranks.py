import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from isolation import child_environment

pytestmark = pytest.mark.slow  # three processes that import everything


def run(ranks: int, folder: Path, method: str) -> Any:
    """What that many processes print."""
    script = Path(__file__).with_name("two_ranks.py")
    command = [sys.executable, str(script), str(ranks), str(folder), method]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=250, env=child_environment())
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Any]:
    """What one process and what two processes print with GO4Align."""
    return {ranks: run(ranks, tmp_path_factory.mktemp("scenes"), "GO4Align") for ranks in (1, 2)}


def test_two_processes_measure_the_whole_test_set(outcome: dict[int, Any]) -> None:
    assert outcome[2]["test"] == pytest.approx(outcome[1]["test"], rel=1e-5)


def test_two_processes_end_with_equal_parameters_and_task_weights(outcome: dict[int, Any]) -> None:
    assert outcome[2]["gap"] == 0


def test_two_processes_end_with_equal_parameters_and_task_weights_with_famo(tmp_path: Path) -> None:
    assert run(2, tmp_path, "FAMO")["gap"] == 0


def test_two_processes_share_the_steps_of_an_epoch(outcome: dict[int, Any]) -> None:
    assert (outcome[1]["steps"], outcome[2]["steps"]) == (4, 2)
