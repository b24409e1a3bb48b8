from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.nn.functional import interpolate, max_pool2d, max_unpool2d

from lightning_go4align.benchmarks.dense_prediction.mtan import SegNetMTAN
from lightning_go4align.benchmarks.dense_prediction.segnet import SegNet
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit

NYUV2 = {"segmentation": 13, "depth": 1, "normal": 3}
CITYSCAPES = {"segmentation": 7, "depth": 1}
NARROW = [4, 6, 8, 10, 10]


def count(parameters: Iterable[Tensor]) -> int:
    return sum(parameter.numel() for parameter in parameters)


@pytest.mark.parametrize(
    ("network", "outputs", "total", "shared", "heads"),
    [
        (SegNetMTAN, NYUV2, 44_229_073, 44_117_184, 111_889),
        (SegNetMTAN, CITYSCAPES, 41_206_984, 41_132_608, 74_376),
        (SegNetSplit, NYUV2, 25_055_185, 24_943_296, 111_889),
        (SegNetSplit, CITYSCAPES, 25_017_672, 24_943_296, 74_376),
    ],
    ids=["nyuv2-mtan", "cityscapes-mtan", "nyuv2-split", "cityscapes-split"],
)
def test_parameter_counts_are_those_of_the_published_networks(
    network: type[Any], outputs: dict[str, int], total: int, shared: int, heads: int
) -> None:
    with torch.device("meta"):
        built = network(outputs)
    assert (count(built.parameters()), count(built.shared_parameters()), count(built.heads.parameters())) == (
        total,
        shared,
        heads,
    )


def test_shared_parameters_and_heads_together_are_the_whole_network() -> None:
    network = SegNetMTAN(NYUV2, NARROW)
    parts = [*network.shared_parameters(), *network.heads.parameters()]
    assert sorted(map(id, parts)) == sorted(map(id, network.parameters()))


def test_mtan_is_wired_as_its_table_says() -> None:
    """The table of the specification, line by line: A, B, P, U, D1, D2, attention a, h, r, z."""
    torch.manual_seed(0)
    network = SegNetMTAN(CITYSCAPES, NARROW).eval()
    x = torch.rand(2, 3, 32, 64)
    trunk, A, B, P, index = network.trunk, [], [], [x], []
    for j in range(5):
        A.append(trunk.encoder_entry[j](P[-1]))
        B.append(trunk.encoder[j](A[j]))
        pooled, where = max_pool2d(B[j], 2, 2, return_indices=True)
        P.append(pooled)
        index.append(where)
    U, D2 = [None] * 5, [None] * 5
    for k in (4, 3, 2, 1, 0):
        U[k] = max_unpool2d(P[-1] if k == 4 else D2[k + 1], index[k], 2, 2)  # type: ignore[arg-type, call-overload]  # The lists of the reference hold tensors in the end.
        D2[k] = trunk.decoder[k](trunk.decoder_entry[k](U[k]))
    expected = {}
    for task, masks in network.attention.items():
        h = max_pool2d(network.descent[0](masks.encoder[0](A[0]) * B[0]), 2)  # type: ignore[index, operator]  # It may be a tensor or a module.
        for j in (1, 2, 3, 4):
            h = max_pool2d(network.descent[j](masks.encoder[j](torch.cat([A[j], h], 1)) * B[j]), 2)  # type: ignore[index, operator]  # It may be a tensor or a module.
        z = h
        for k in (4, 3, 2, 1, 0):
            r = network.ascent[k](interpolate(z, scale_factor=2, mode="bilinear", align_corners=True))
            z = masks.decoder[k](torch.cat([U[k], r], 1)) * D2[k]  # type: ignore[index, operator]  # It may be a tensor or a module.
        expected[task] = network.heads[task](z)
    predictions = network(x)
    assert all(torch.equal(predictions[task], expected[task]) for task in CITYSCAPES)


@pytest.mark.parametrize("network", [SegNetMTAN, SegNetSplit])
def test_every_parameter_takes_part(network: type[Any]) -> None:
    built = network(NYUV2, NARROW)
    sum(output.square().mean() for output in built(torch.rand(2, 3, 32, 32)).values()).backward()
    assert [name for name, parameter in built.named_parameters() if parameter.grad is None] == []


def test_outputs_have_the_resolution_of_the_image() -> None:
    shapes = {task: tuple(y.shape) for task, y in SegNetSplit(NYUV2, NARROW)(torch.rand(2, 3, 32, 96)).items()}
    assert shapes == {"segmentation": (2, 13, 32, 96), "depth": (2, 1, 32, 96), "normal": (2, 3, 32, 96)}


def test_sides_that_cannot_be_halved_five_times_are_refused() -> None:
    with pytest.raises(ValueError, match="multiples of 32"):
        SegNet(NARROW)(torch.rand(1, 3, 32, 48))
