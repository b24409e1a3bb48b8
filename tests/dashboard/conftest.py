"""A stand-in for W&B's server on 127.0.0.1, and an environment in which W&B knows no other."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import matplotlib
import pytest
from dashboard.stand_in import Server

wandb = pytest.importorskip("wandb")


@contextmanager
def isolated(folder: Path) -> Iterator[None]:
    """Let W&B see nothing of this computer but a folder."""
    values = {
        "WANDB_MODE": "offline",
        "WANDB_SILENT": "true",
        "WANDB_CONSOLE": "off",
        "WANDB_ERROR_REPORTING": "false",
        "WANDB_DISABLE_GIT": "true",
        "WANDB_DISABLE_CODE": "true",
        "WANDB_X_DISABLE_STATS": "true",
        **{name: str(folder / name.lower()) for name in ("WANDB_CACHE_DIR", "WANDB_DATA_DIR", "WANDB_CONFIG_DIR")},
        "WANDB_DIR": str(folder),
        "HOME": str(folder),
        "NETRC": str(folder / "netrc"),
        "MPLCONFIGDIR": matplotlib.get_cachedir(),  # lies in HOME and takes long to build
    }
    wandb.teardown()
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("WANDB_API_KEY", raising=False)
        patch.delenv("WANDB_BASE_URL", raising=False)
        for name, value in values.items():
            patch.setenv(name, value)
        yield
        wandb.teardown()


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("wandb")
    with isolated(folder):
        yield folder


@pytest.fixture
def server(alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("WANDB_BASE_URL", server.address)
        monkeypatch.setenv("WANDB_API_KEY", "local-" + "0" * 40)
        monkeypatch.setenv("WANDB_MODE", "online")
        wandb.teardown()  # its process keeps the address that it began with
        yield server
        wandb.teardown()
        server.shutdown()
