"""What NYUv2 and CityScapes share: networks, arrays on disk, augmentation, losses, metrics and pictures."""

from lightning_go4align.benchmarks.dense_prediction.arrays import from_disk, in_memory, memory_mapped
from lightning_go4align.benchmarks.dense_prediction.augmentation import ZoomAndFlip, divide_by_zoom, multiply_by_zoom
from lightning_go4align.benchmarks.dense_prediction.evaluation import MeanOfBatches, OverPixels
from lightning_go4align.benchmarks.dense_prediction.last_epochs import LastEpochsMonitor

__all__ = [
    "LastEpochsMonitor",
    "MeanOfBatches",
    "OverPixels",
    "ZoomAndFlip",
    "divide_by_zoom",
    "from_disk",
    "in_memory",
    "memory_mapped",
    "multiply_by_zoom",
]
