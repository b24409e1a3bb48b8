"""Every test starts from a clean slate and leaves nothing behind; processes get an environment of their own.

A pytest plugin (see ``pyproject.toml``), so that doctests are covered as well.
"""

import logging
import os
import random
import signal
import sys
import warnings
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch
from lightning.pytorch.loops.optimization.automatic import Closure

# Modules whose doctests, as their import, need what not every developer has.
ON_DEMAND = {"lightning_go4align/functional/kernels": "triton", "tests/kernels/compiled.py": "triton"}
KEPT = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "PYTHONPATH", "VIRTUAL_ENV", "SYSTEMROOT")
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGUSR1, signal.SIGUSR2)
LOGGERS = ("lightning.pytorch", "lightning.fabric", "pytorch_lightning", "lightning.pytorch.utilities.rank_zero")


def child_environment(**settings: str) -> dict[str, str]:
    """What a process that a test starts finds in its environment: nothing that another test, or the user, left."""
    kept = {name: os.environ[name] for name in KEPT if name in os.environ}
    fixed = {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "MPLBACKEND": "agg", "PYTHONIOENCODING": "utf-8"}
    return kept | fixed | settings


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Pass by the modules whose package is missing."""
    folder = collection_path.as_posix()
    return any(needy in folder and find_spec(package) is None for needy, package in ON_DEMAND.items()) or None


@pytest.fixture(autouse=True, scope="session")
def _own_environment() -> Iterator[None]:
    """Drop what could steer Lightning, torch, W&B or the terminal's look from outside."""
    steering = ("PL_", "WANDB_", "SLURM_", "CUDA_VISIBLE", "MASTER_", "LOCAL_RANK", "RANK", "WORLD_SIZE", "NODE_RANK")
    look = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "TERM")
    before = dict(os.environ)
    for name in before:
        if name.startswith(steering) or name in look:
            del os.environ[name]
    os.environ |= {"OMP_NUM_THREADS": "1", "WANDB_MODE": "offline", "MPLBACKEND": "agg"}
    torch.set_num_threads(1)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(autouse=True)
def _clean_slate(_own_environment: None) -> Iterator[None]:
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002  # the global state is what must not travel from test to test
    torch.manual_seed(0)
    Closure.warning_cache.clear()
    environment, path, argv, folder = dict(os.environ), list(sys.path), list(sys.argv), Path.cwd()
    dtype, device = torch.get_default_dtype(), torch.get_default_device()
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    levels = {name: (logging.getLogger(name).level, list(logging.getLogger(name).filters)) for name in LOGGERS}
    with warnings.catch_warnings():
        yield
    os.environ.clear()
    os.environ.update(environment)
    sys.path[:], sys.argv[:] = path, argv
    os.chdir(folder)
    torch.set_default_dtype(dtype)
    if torch.get_default_device() != device:
        torch.set_default_device(device)
    for number, handler in handlers.items():
        signal.signal(number, handler)  # A child that ignores SIGTERM, as in Lightning's fits, cannot be ended by it.
    torch.set_num_threads(1)
    torch.set_grad_enabled(True)
    torch.use_deterministic_algorithms(False)
    for name, (level, filters) in levels.items():
        logging.getLogger(name).setLevel(level)
        logging.getLogger(name).filters[:] = filters
    _reset_matplotlib()


def _reset_matplotlib() -> None:
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:
        pyplot.close("all")
        pyplot.rcdefaults()
        pyplot.switch_backend("agg")
