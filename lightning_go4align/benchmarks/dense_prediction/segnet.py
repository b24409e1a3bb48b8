"""SegNet, the trunk of the networks for NYUv2 and CityScapes."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn
from typing_extensions import override

CHANNELS = (64, 128, 256, 512, 512)


class Features(NamedTuple):
    """What the levels of a SegNet hand to the attention of MTAN; level 0 has the full resolution.

    Example:
        >>> import torch
        >>> features = SegNet(channels=[4, 4, 8, 8, 8])(torch.rand(1, 3, 32, 64))
        >>> [tuple(level.shape[1:]) for level in features.encoded]
        [(4, 32, 64), (4, 16, 32), (8, 8, 16), (8, 4, 8), (8, 2, 4)]
    """

    entered: list[Tensor]  # after the first block of each encoder level
    encoded: list[Tensor]  # after the last, before pooling
    unpooled: list[Tensor]  # what each decoder level starts from
    decoded: list[Tensor]  # what it ends with


class SegNet(nn.Module):
    """Encoder-decoder with five levels that hands the indices of its pooling to its unpooling.

    Convolutions start from Xavier's normal distribution, biases from zero.

    Args:
        channels: Width of each of the five levels, from the full resolution down.

    Example:
        >>> import torch
        >>> SegNet(channels=[4, 4, 8, 8, 8])(torch.rand(1, 3, 32, 32)).decoded[0].shape
        torch.Size([1, 4, 32, 32])
    """

    def __init__(self, channels: Sequence[int] = CHANNELS) -> None:
        super().__init__()
        # The two finest levels have one block after the first, the deeper ones two.
        depths = [1 if level < 2 else 2 for level in range(len(channels))]
        outputs = decoder_channels(channels)
        self.encoder_entry = nn.ModuleList(convolution(a, b) for a, b in pairwise([3, *channels]))
        self.encoder = nn.ModuleList(map(_blocks, channels, depths))
        self.decoder_entry = nn.ModuleList(map(convolution, channels, outputs))
        self.decoder = nn.ModuleList(map(_blocks, outputs, depths))
        self.pool = nn.MaxPool2d(2, 2, return_indices=True)
        self.unpool = nn.MaxUnpool2d(2, 2)
        initialize(self)

    @override
    def forward(self, image: Tensor) -> Features:
        if image.shape[-2] % 32 or image.shape[-1] % 32:
            raise ValueError(
                f"SegNet halves an image five times, so that both sides must be multiples of 32, but they "
                f"are {tuple(image.shape[-2:])}. Crop or pad the images in the data module."
            )
        x, indices = image, []
        entered, encoded, unpooled, decoded = [], [], [], []
        for entry, blocks in zip(self.encoder_entry, self.encoder, strict=True):
            entered.append(entry(x))
            encoded.append(blocks(entered[-1]))
            x, index = self.pool(encoded[-1])
            indices.append(index)
        for level in reversed(range(len(indices))):
            unpooled.append(self.unpool(x, indices[level]))
            x = self.decoder[level](self.decoder_entry[level](unpooled[-1]))
            decoded.append(x)
        return Features(entered, encoded, unpooled[::-1], decoded[::-1])


def decoder_channels(channels: Sequence[int]) -> list[int]:
    """Return the width at the end of each decoder level: that of the next finer one; the finest keeps its own.

    Example:
        >>> decoder_channels(CHANNELS)
        [64, 64, 128, 256, 512]
    """
    return [channels[0], *channels[:-1]]


def convolution(inputs: int, outputs: int) -> nn.Sequential:
    """Return a 3x3 convolution with batch normalisation and ReLU.

    Example:
        >>> len(convolution(3, 64))
        3
    """
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1), nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _blocks(channels: int, depth: int) -> nn.Sequential:
    return nn.Sequential(*(convolution(channels, channels) for _ in range(depth)))


def initialize(module: nn.Module) -> None:
    """Draw all convolutions anew from Xavier's normal distribution and set their biases to zero.

    Example:
        >>> layer = nn.Conv2d(3, 4, 1)
        >>> initialize(layer)
        >>> layer.bias.tolist()
        [0.0, 0.0, 0.0, 0.0]
    """
    for layer in module.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.xavier_normal_(layer.weight)
            if layer.bias is not None:
                nn.init.zeros_(layer.bias)
