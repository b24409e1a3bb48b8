"""Every configuration can be parsed and built."""

import sys
from pathlib import Path

import pytest
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.cli import MultiTaskCLI

CONFIGS = Path(__file__).parents[1] / "configs"
OTHERS = sorted(path for base in CONFIGS.glob("*/base.yaml") for path in base.parent.glob("*.yaml") if path != base)

pytestmark = pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning")


@pytest.mark.parametrize("path", [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in OTHERS])
def test_every_configuration_builds_its_parts(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["go4align"])
    files = [path.parent / "base.yaml", path.parent / "go4align.yaml", path]
    cli = MultiTaskCLI(
        args=[*(f"--config={file}" for file in files), "--trainer.accelerator=cpu"],
        run=False,
        save_config_callback=None,
    )
    assert isinstance(cli.model.method, Scalarizer | Aggregator)
