"""The networks of CityScapes: SegNet-MTAN, as in the paper, and SegNet-split."""

from collections.abc import Sequence

from lightning_go4align.benchmarks.dense_prediction.mtan import SegNetMTAN
from lightning_go4align.benchmarks.dense_prediction.segnet import CHANNELS
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit

OUTPUTS = {"segmentation": 7, "depth": 1}


class CityScapesMTAN(SegNetMTAN):
    """SegNet-MTAN for 7 classes and inverse depth: 41,206,984 parameters, 41,132,608 of them shared.

    Args:
        channels: Width of each of the five levels.

    Example:
        >>> list(CityScapesMTAN(channels=[4, 4, 4, 4, 4]).heads)
        ['segmentation', 'depth']
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__(OUTPUTS, channels)


class CityScapesSplit(SegNetSplit):
    """SegNet-split for 7 classes and inverse depth: 25,017,672 parameters.

    The published single-task values belong to MTAN: measure them anew for this network.

    Args:
        channels: Width of each of the five levels.

    Example:
        >>> list(CityScapesSplit(channels=[4, 4, 4, 4, 4]).heads)
        ['segmentation', 'depth']
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__(OUTPUTS, channels)
