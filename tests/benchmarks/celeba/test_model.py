from collections.abc import Iterable

import torch
from torch import Tensor
from torch.nn.functional import max_pool2d, relu

from lightning_go4align.benchmarks.celeba.model import CelebANetwork


def count(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


def test_parameter_counts_are_those_of_the_published_network() -> None:
    network = CelebANetwork()
    counts = count(network.parameters()), count(network.shared_parameters()), count(network.heads.parameters())
    assert counts == (5_197_160, 5_176_640, 20_520)


def test_network_is_wired_as_its_table_says() -> None:
    network = CelebANetwork(channels=[4, 6, 8, 10]).eval()
    convolutions = [layer for layer in network.modules() if isinstance(layer, torch.nn.Conv2d)]
    images = torch.rand(2, 3, 64, 64)
    x = images
    for i, convolution in enumerate(convolutions):
        x = max_pool2d(x, 2) if i in (1, 3, 5) else x  # a fresh BatchNorm divides by sqrt(1 + 1e-5) in eval mode
        x = relu(convolution(x) / (1 + 1e-5) ** 0.5)
    x = x.mean((2, 3))
    for linear in [layer for layer in network.trunk.modules() if isinstance(layer, torch.nn.Linear)]:
        x = relu(linear(x) / (1 + 1e-5) ** 0.5)
    assert len(convolutions) == 7
    torch.testing.assert_close(network(images), network.heads(x))


def test_convolutions_and_hidden_layers_have_no_bias() -> None:
    names = [name for name, _ in CelebANetwork(channels=[4, 4, 4, 4]).named_parameters() if name.endswith("0.bias")]
    assert names == []
