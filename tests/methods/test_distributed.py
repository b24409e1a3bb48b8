"""Every method on two processes; ``two_ranks.py`` runs there, once for all tests, and prints what it found."""

import json
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from isolation import child_environment
from methods import two_ranks
from methods.eleven_tasks import METHODS

WITHOUT_WEIGHTS = {"con_fig", "db_mtl", "graddrop"}


@pytest.fixture(scope="module")
def found() -> dict[str, Any]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    run = subprocess.run(
        [sys.executable, "-m", "methods.two_ranks", str(port)],
        cwd=Path(__file__).parents[1],
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
        env=child_environment(),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return {line["method"]: line for line in lines}


@pytest.mark.parametrize("method", [*METHODS, *two_ranks.WITHOUT_FILE])
def test_ranks_with_other_data_and_seeds_stay_equal_to_the_bit(method: str, found: dict[str, Any]) -> None:
    assert found[method]["moved"] > 1e-2
    assert found[method]["parameters"] == 0
    assert found[method]["weights"] == (None if method in WITHOUT_WEIGHTS else 0)
