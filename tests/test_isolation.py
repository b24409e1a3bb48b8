"""No test reads what another left: each of these leaves something, and each looks for what all of them leave."""

import os
import random
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from isolation import child_environment
from lightning.pytorch import seed_everything

HERE = Path.cwd()


def leave_everything_behind(tmp_path: Path) -> None:
    seed_everything(42, workers=True, verbose=False)
    os.environ["LEFT_BEHIND"] = "1"
    os.chdir(tmp_path)
    sys.path.append("left behind")
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(2)
    torch.use_deterministic_algorithms(True)


@pytest.mark.parametrize("turn", [0, 1])
def test_a_test_finds_nothing_of_another(turn: int, tmp_path: Path) -> None:
    found = [name for name in os.environ if name.startswith("PL_") or name == "LEFT_BEHIND"]
    draws = random.random(), float(np.random.rand()), float(torch.rand(()))  # noqa: NPY002  # the global state
    kind = torch.get_default_dtype(), torch.get_num_threads(), torch.are_deterministic_algorithms_enabled()
    places = Path.cwd(), "left behind" in sys.path, signal.getsignal(signal.SIGTERM)
    leave_everything_behind(tmp_path)
    assert found == []
    assert draws == pytest.approx((0.8444218515250481, 0.5488135039273248, 0.49625658988952637))  # of seed 0
    assert kind == (torch.float32, 1, False)
    assert places == (HERE, False, signal.SIG_DFL)


def test_a_process_finds_nothing_of_the_test_or_of_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PL_GLOBAL_SEED", "WANDB_API_KEY", "LOCAL_RANK", "COLUMNS"):
        monkeypatch.setenv(name, "7")
    script = (
        "import os; print(sorted(os.environ.keys() & {'PL_GLOBAL_SEED', 'WANDB_API_KEY', 'LOCAL_RANK', 'COLUMNS'}))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True, env=child_environment()
    )
    assert run.stdout.strip() == "[]"
