"""The network of CelebA: seven convolutions and two linear layers, shared by 40 heads."""

from collections.abc import Iterator, Sequence

from torch import Tensor, nn
from typing_extensions import override

from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES


class CelebANetwork(nn.Module):
    """Convolutional network with a logit for each attribute: 5,197,160 parameters, 5,176,640 of them shared.

    The paper speaks of five convolutional layers, the published code has these seven. The 40 heads are the
    rows of one linear layer: the same function and the same initial distribution as 40 layers, in one
    multiplication.

    Args:
        channels: Width at each of the four resolutions; the last is also that of the linear layers.

    Example:
        >>> import torch
        >>> CelebANetwork(channels=[4, 4, 8, 8])(torch.rand(2, 3, 64, 64)).shape
        torch.Size([2, 40])
    """

    def __init__(self, channels: Sequence[int] = (64, 128, 256, 512)) -> None:
        super().__init__()
        first, *deeper = channels
        layers: list[nn.Module] = [_convolution(3, first)]
        for inputs, outputs in zip(channels, deeper, strict=False):
            layers += [nn.MaxPool2d(2), _convolution(inputs, outputs), _convolution(outputs, outputs)]
        width = channels[-1]
        layers += [nn.AdaptiveAvgPool2d(1), nn.Flatten(), _linear(width), _linear(width)]
        self.trunk = nn.Sequential(*layers)
        self.heads = nn.Linear(width, len(ATTRIBUTES))

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        return self.trunk.parameters()

    @override
    def forward(self, image: Tensor) -> Tensor:
        logits: Tensor = self.heads(self.trunk(image))
        return logits


def _convolution(inputs: int, outputs: int) -> nn.Sequential:
    convolution = nn.Conv2d(inputs, outputs, 3, padding=1, bias=False)
    return nn.Sequential(convolution, nn.BatchNorm2d(outputs), nn.ReLU(inplace=True))


def _linear(width: int) -> nn.Sequential:
    return nn.Sequential(nn.Linear(width, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(inplace=True))
