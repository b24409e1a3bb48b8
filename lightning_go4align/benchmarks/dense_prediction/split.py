"""SegNet-split, the smaller network of NYUv2 and CityScapes: a shared SegNet and a head for each task."""

from collections.abc import Iterator, Mapping, Sequence

from torch import Tensor, nn
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.heads import Heads
from lightning_go4align.benchmarks.dense_prediction.segnet import CHANNELS, SegNet


class SegNetSplit(nn.Module):
    """SegNet whose tasks part at its end: no attention, every head reads the last features.

    Args:
        outputs: Number of output channels of each task.
        channels: Width of each of the five levels.

    Example:
        >>> network = SegNetSplit({"segmentation": 7, "depth": 1})
        >>> sum(parameter.numel() for parameter in network.parameters())
        25017672
    """

    def __init__(self, outputs: Mapping[str, int], channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        self.trunk = SegNet(channels)
        self.heads = Heads(outputs, channels[0])

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        return self.trunk.parameters()

    @override
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features: Tensor = self.trunk(image).decoded[0]
        predictions: dict[str, Tensor] = self.heads(dict.fromkeys(self.heads, features))
        return predictions
