from typing import Any

import pytest
import torch
from torch import Tensor
from torch_geometric.loader import DataLoader

from lightning_go4align.benchmarks.qm9.batches import DenseMolecules
from lightning_go4align.benchmarks.qm9.dense import DenseMPNN
from lightning_go4align.benchmarks.qm9.graphs import GraphMolecules
from lightning_go4align.benchmarks.qm9.molecules import Molecules, PaddedMolecules, pad
from lightning_go4align.benchmarks.qm9.mpnn import MPNN

# Output and gradient, relative to their size. Sums of 10^4 terms in another order.
ROUNDING = {torch.float32: 2e-5, torch.float64: 1e-12}


@pytest.fixture(scope="module")
def table(molecules: Molecules) -> PaddedMolecules:
    return pad(molecules)


def relative_difference(found: Tensor, expected: Tensor) -> float:
    found, expected = found.detach(), expected.detach()
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize(
    ("num_molecules", "num_chunks", "edge_width"),
    [
        pytest.param(1, 1, 128, id="one molecule, no padding"),
        pytest.param(16, 1, 128, id="one chunk, much padding"),
        pytest.param(16, 3, 128, id="three chunks"),
        pytest.param(5, 8, 128, id="a chunk for each molecule"),
        pytest.param(16, 1, 32, id="narrow edge network"),
    ],
)
def test_dense_network_is_pyg_s_in_outputs_and_gradients(
    table: PaddedMolecules,
    molecules: Molecules,
    num_molecules: int,
    num_chunks: int,
    edge_width: int,
    dtype: torch.dtype,
) -> None:
    torch.manual_seed(0)
    rows = torch.randperm(240)[:num_molecules]
    rows = rows[table.num_atoms[rows].argsort(stable=True)]
    table, y = table._replace(positions=table.positions.to(dtype)), molecules.targets[:, :11]
    graphs = next(iter(DataLoader(GraphMolecules(table, y, rows), batch_size=num_molecules)))
    batch = DenseMolecules(table, y, rows, num_chunks).__getitems__(range(num_molecules))
    reference, dense = MPNN(11, edge_width).to(dtype), DenseMPNN(11, edge_width).to(dtype)
    dense.load_state_dict(reference.state_dict())
    graphs = graphs.apply(lambda tensor: tensor.to(dtype) if tensor.is_floating_point() else tensor)
    chunks = tuple(chunk._replace(x=chunk.x.to(dtype)) for chunk in batch.chunks)

    expected, found = reference(graphs), dense(batch._replace(chunks=chunks))
    expected.square().sum().backward()
    found.square().sum().backward()

    assert torch.equal(batch.y, graphs.y.float())
    assert relative_difference(found, expected) < ROUNDING[dtype]
    for parameter, same in zip(reference.parameters(), dense.parameters(), strict=True):
        assert relative_difference(same.grad, parameter.grad) < ROUNDING[dtype]


def test_weights_travel_in_both_directions() -> None:
    reference, dense = MPNN(11), DenseMPNN(11)
    reference.load_state_dict(dense.state_dict())
    dense.load_state_dict(reference.state_dict())
    assert all(map(torch.equal, reference.state_dict().values(), dense.state_dict().values()))


@pytest.mark.parametrize("network", [MPNN, DenseMPNN])
def test_network_has_616_960_shared_parameters_and_715_in_its_heads(network: type[Any]) -> None:
    sizes = {name: parameter.numel() for name, parameter in network(11).named_parameters()}
    heads = sum(size for name, size in sizes.items() if name.startswith("heads."))
    assert (sum(sizes.values()) - heads, heads) == (616_960, 715)


def test_molecule_does_not_see_the_others_of_its_batch(table: PaddedMolecules, molecules: Molecules) -> None:
    network = DenseMPNN(11)
    data = DenseMolecules(table, molecules.targets[:, :11], torch.arange(240), num_chunks=1)
    together = network(data.__getitems__([0, 239]))
    assert table.num_atoms[0] < table.num_atoms[239]
    torch.testing.assert_close(together[0], network(data[0])[0])


def test_autocast_to_bfloat16_changes_the_outputs_by_its_rounding_only(
    table: PaddedMolecules, molecules: Molecules
) -> None:
    network = DenseMPNN(11)
    batch = DenseMolecules(table, molecules.targets[:, :11], torch.arange(200, 208))[0]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        rounded = network(batch)
    # Eight bits of mantissa.
    assert relative_difference(rounded.float(), network(batch)) < 2**-6


def test_initial_weights_are_as_large_as_pyg_s() -> None:
    reference, dense = MPNN(1000).state_dict(), DenseMPNN(1000).state_dict()
    assert not dense["conv.bias"].any()
    for name in [name for name, weight in reference.items() if weight.numel() > 600]:
        torch.testing.assert_close(dense[name].std(), reference[name].std(), rtol=0.1, atol=0)
