from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from lightning.pytorch import Trainer

from lightning_go4align.benchmarks.cityscapes.data import CityScapesData, cityscapes_layout
from lightning_go4align.benchmarks.dense_prediction.generated import disparity, metres, write_scenes
from lightning_go4align.benchmarks.nyuv2.data import NYUv2Data, nyuv2_layout

SIZE = (32, 64)


@pytest.fixture
def nyuv2(tmp_path: Path) -> SimpleNamespace:
    """Five training and three test scenes in NYUv2's layout."""
    write_scenes(tmp_path / "nyuv2", nyuv2_layout(SIZE), {"train": 5, "val": 3}, metres)
    return SimpleNamespace(
        root=tmp_path / "nyuv2",
        layout=nyuv2_layout(SIZE),
        data=lambda **options: NYUv2Data(str(tmp_path / "nyuv2"), size=SIZE, **options),
    )


@pytest.fixture
def cityscapes(tmp_path: Path) -> SimpleNamespace:
    """Three training and two test scenes in CityScapes' layout."""
    write_scenes(tmp_path / "cityscapes", cityscapes_layout(SIZE), {"train": 3, "val": 2}, disparity)
    return SimpleNamespace(
        root=tmp_path / "cityscapes",
        layout=cityscapes_layout(SIZE),
        data=lambda **options: CityScapesData(str(tmp_path / "cityscapes"), size=SIZE, **options),
    )


@pytest.fixture
def trainer(tmp_path: Path) -> Callable[..., Trainer]:
    """A Trainer that is told to be quiet."""

    def make(**options: Any) -> Trainer:
        quiet = {
            "logger": False,
            "enable_checkpointing": False,
            "enable_progress_bar": False,
            "enable_model_summary": False,
        }
        return Trainer(accelerator="cpu", devices=1, default_root_dir=tmp_path, **{**quiet, **options})

    return make
