"""One training batch of each benchmark at its real size, and what an epoch of it costs in the paper (Table 6)."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from lightning.pytorch import LightningModule
from torch import Tensor

from lightning_go4align.benchmarks.celeba import CelebAModule
from lightning_go4align.benchmarks.cityscapes import CityScapesModule
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module

Batch = dict[str, Tensor]


class Workload(NamedTuple):
    """A benchmark at its real size, and Table 6: seconds per epoch on an A100.

    Example:
        >>> WORKLOADS["celeba"].num_tasks
        40
    """

    module: Callable[..., LightningModule]
    batch: Callable[[], Batch]
    num_tasks: int
    num_steps: int  # an epoch
    table_6: dict[str, float]


def _scenes(samples: int, height: int, width: int, classes: int) -> Batch:
    return {
        "image": torch.rand(samples, 3, height, width),
        "segmentation": torch.randint(-1, classes, (samples, height, width)),
        "depth": torch.rand(samples, 1, height, width),
        "normal": torch.nn.functional.normalize(torch.randn(samples, 3, height, width), dim=1),
    }


def _faces(samples: int) -> Batch:
    return {"image": torch.rand(samples, 3, 64, 64), "attributes": torch.rand(samples, 40) < 0.3}


WORKLOADS = {
    "nyuv2": Workload(
        NYUv2Module,
        lambda: _scenes(2, 288, 384, 13),
        num_tasks=3,
        num_steps=398,
        table_6={"LS": 86.21, "GO4Align": 87.78, "FAMO": 102.87, "NashMTL": 201.3},
    ),
    "cityscapes": Workload(
        CityScapesModule,
        lambda: _scenes(8, 128, 256, 7),
        num_tasks=2,
        num_steps=372,
        table_6={"LS": 66.63, "GO4Align": 67.3, "FAMO": 78.7, "NashMTL": 138.26},
    ),
    "celeba": Workload(
        CelebAModule,
        lambda: _faces(256),
        num_tasks=40,
        num_steps=636,
        table_6={"LS": 170.81, "GO4Align": 171.69, "FAMO": 183.46, "NashMTL": 2134.75},
    ),
}
