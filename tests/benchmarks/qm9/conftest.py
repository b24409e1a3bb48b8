import csv
import itertools
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lightning import Trainer

with warnings.catch_warnings():
    # PyG scripts a class at its import, which current torch deprecates.
    warnings.simplefilter("ignore", DeprecationWarning)
    import torch_geometric.nn  # noqa: F401

from lightning_go4align.benchmarks.qm9 import QM9DataModule, QM9Pack, sources
from lightning_go4align.benchmarks.qm9.conversion import convert
from lightning_go4align.benchmarks.qm9.molecules import Molecules
from lightning_go4align.benchmarks.qm9.sources import qm9pack_rows


@pytest.fixture(scope="session")
def rows() -> list[dict[str, str]]:
    """The first molecules of the real data, of 3 to 18 atoms."""
    return list(itertools.islice(qm9pack_rows(), 240))


@pytest.fixture(scope="session")
def molecules(rows: list[dict[str, str]]) -> Molecules:
    return convert(rows)


@pytest.fixture
def small_qm9pack(rows: list[dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package `qm9pack` of three parts with the first molecules only, which cannot be imported, as the real one."""
    package = tmp_path / "site" / "qm9pack"
    (package / "data").mkdir(parents=True)
    (package / "__init__.py").write_text("import pkg_resources_is_gone")
    for part, content in enumerate((rows[:100], rows[100:150], rows[150:]), start=1):
        with (package / "data" / f"qm9_part{part}.csv").open("w", newline="") as file:
            writer = csv.DictWriter(file, content[0])
            writer.writeheader()
            writer.writerows(content)
    monkeypatch.syspath_prepend(package.parent)
    monkeypatch.setattr(sources, "NUM_MOLECULES", len(rows))
    return package


@pytest.fixture
def data(small_qm9pack: Path, tmp_path: Path) -> QM9DataModule:
    return QM9DataModule(QM9Pack(tmp_path), num_train=16, num_val=8, num_test=10, batch_size=8)


@pytest.fixture
def make_trainer(tmp_path: Path) -> Callable[..., Trainer]:
    def make(max_epochs: int = 1, **settings: Any) -> Trainer:
        quiet: dict[str, Any] = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
        return Trainer(max_epochs=max_epochs, accelerator="cpu", default_root_dir=tmp_path, **quiet, **settings)

    return make
