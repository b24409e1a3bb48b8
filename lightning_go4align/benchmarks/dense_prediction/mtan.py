"""SegNet-MTAN, the network of NYUv2 and CityScapes: one attention network per task over a shared SegNet."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import interpolate, max_pool2d
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.heads import Heads
from lightning_go4align.benchmarks.dense_prediction.segnet import (
    CHANNELS,
    Features,
    SegNet,
    convolution,
    decoder_channels,
    initialize,
)


class SegNetMTAN(nn.Module):
    """Multi-task attention network: each task picks its features from every level of a shared SegNet.

    The masks belong to the tasks, the convolutions between the levels are shared. All of it but the heads
    counts as shared parameters, as the published code counts them.

    Args:
        outputs: Number of output channels of each task.
        channels: Width of each of the five levels.

    Example:
        >>> with torch.device("meta"):
        ...     network = SegNetMTAN({"segmentation": 13, "depth": 1, "normal": 3})
        >>> sum(parameter.numel() for parameter in network.parameters())
        44229073
    """

    def __init__(self, outputs: Mapping[str, int], channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        ends = decoder_channels(channels)
        self.trunk = SegNet(channels)
        self.attention = nn.ModuleDict({task: TaskAttention(channels) for task in outputs})
        self.descent = nn.ModuleList(convolution(a, b) for a, b in pairwise([*channels, channels[-1]]))
        self.ascent = nn.ModuleList(map(convolution, channels, ends))
        self.heads = Heads(outputs, channels[0])
        for part in (self.attention, self.descent, self.ascent):
            initialize(part)

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        for part in (self.trunk, self.attention, self.descent, self.ascent):
            yield from part.parameters()

    @override
    def forward(self, image: Tensor) -> dict[str, Tensor]:
        features = self.trunk(image)
        attended = {
            task: attention(features, self.descent, self.ascent) for task, attention in self.attention.items()
        }
        predictions: dict[str, Tensor] = self.heads(attended)
        return predictions


class TaskAttention(nn.Module):
    """The masks of one task, down the encoder and up the decoder.

    Args:
        channels: Width of each level of the trunk.

    Example:
        >>> sum(parameter.numel() for parameter in TaskAttention(CHANNELS).parameters())
        2984576
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        below = [0, *channels[1:]]  # width of what comes from the level above; none enters level 0
        ends = decoder_channels(channels)
        self.encoder = nn.ModuleList(_mask(a + b, a) for a, b in zip(channels, below, strict=True))
        self.decoder = nn.ModuleList(_mask(a + b, b) for a, b in zip(channels, ends, strict=True))

    @override
    def forward(self, features: Features, descent: nn.ModuleList, ascent: nn.ModuleList) -> Tensor:
        x = self._descend(0, features.entered[0], features, descent)
        for level in range(1, len(self.encoder)):
            x = self._descend(level, torch.cat([features.entered[level], x], 1), features, descent)
        for level in reversed(range(len(self.decoder))):
            x = ascent[level](interpolate(x, scale_factor=2, mode="bilinear", align_corners=True))
            x = self.decoder[level](torch.cat([features.unpooled[level], x], 1)) * features.decoded[level]
        return x

    def _descend(self, level: int, seen: Tensor, features: Features, descent: nn.ModuleList) -> Tensor:
        attended: Tensor = self.encoder[level](seen) * features.encoded[level]
        return max_pool2d(descent[level](attended), 2)


def _mask(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, 1),
        nn.BatchNorm2d(outputs),
        nn.ReLU(inplace=True),
        nn.Conv2d(outputs, outputs, 1),
        nn.BatchNorm2d(outputs),
        nn.Sigmoid(),
    )
