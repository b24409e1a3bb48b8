"""The networks of NYUv2: SegNet-MTAN, as in the paper, and SegNet-split."""

from collections.abc import Sequence

from lightning_go4align.benchmarks.dense_prediction.mtan import SegNetMTAN
from lightning_go4align.benchmarks.dense_prediction.segnet import CHANNELS
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit

OUTPUTS = {"segmentation": 13, "depth": 1, "normal": 3}


class NYUv2MTAN(SegNetMTAN):
    """SegNet-MTAN for 13 classes, depth and normals: 44,229,073 parameters, 44,117,184 of them shared.

    Args:
        channels: Width of each of the five levels.

    Example:
        >>> list(NYUv2MTAN(channels=[4, 4, 4, 4, 4]).heads)
        ['segmentation', 'depth', 'normal']
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__(OUTPUTS, channels)


class NYUv2Split(SegNetSplit):
    """SegNet-split for 13 classes, depth and normals: 25,055,185 parameters.

    The published single-task values belong to MTAN: measure them anew for this network.

    Args:
        channels: Width of each of the five levels.

    Example:
        >>> list(NYUv2Split(channels=[4, 4, 4, 4, 4]).heads)
        ['segmentation', 'depth', 'normal']
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__(OUTPUTS, channels)
