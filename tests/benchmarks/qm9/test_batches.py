from typing import Any

import pytest
import torch

from lightning_go4align.benchmarks.qm9 import DenseMPNN
from lightning_go4align.benchmarks.qm9.batches import DenseMolecules
from lightning_go4align.benchmarks.qm9.graphs import GraphMolecules
from lightning_go4align.benchmarks.qm9.molecules import Molecules, PaddedMolecules, pad


@pytest.fixture(scope="module")
def table(molecules: Molecules) -> PaddedMolecules:
    return pad(molecules)


def test_table_holds_every_atom_and_bond_once(table: PaddedMolecules, molecules: Molecules) -> None:
    assert table.features[:, :, :5].sum() == len(molecules.features)
    assert (table.bonds > 0).sum() == 2 * len(molecules.bonds)
    assert torch.equal(table.bonds, table.bonds.transpose(1, 2))


def test_batch_holds_the_molecules_that_were_asked_for(table: PaddedMolecules, molecules: Molecules) -> None:
    batch = DenseMolecules(table, molecules.targets[:, :1], torch.arange(100, 200), 4).__getitems__([7, 3, 99, 50])
    expected = molecules.targets[[107, 103, 199, 150], 0]
    assert torch.equal(batch.y[:, 0].sort().values, expected.sort().values)


def test_chunk_is_as_wide_as_its_largest_molecule(table: PaddedMolecules, molecules: Molecules) -> None:
    batch = DenseMolecules(table, molecules.targets, torch.arange(240), 5).__getitems__(range(240))
    assert all(chunk.mask.any(dim=0).all() and chunk.x.shape[1] == chunk.mask.shape[1] for chunk in batch.chunks)
    widths = [chunk.mask.shape[1] for chunk in batch.chunks]
    assert widths == sorted(widths)


def test_no_chunks_are_refused(table: PaddedMolecules, molecules: Molecules) -> None:
    with pytest.raises(ValueError, match="`num_chunks` must be at least 1, but is 0"):
        DenseMolecules(table, molecules.targets, torch.arange(2), num_chunks=0)


def test_graph_of_methane_is_complete_and_its_bonds_are_four(table: PaddedMolecules, molecules: Molecules) -> None:
    graph = GraphMolecules(table, molecules.targets, torch.arange(1))[0]
    assert graph.edge_index.shape == (2, 20)
    assert graph.edge_attr[:, :4].sum(dim=0).tolist() == [8, 0, 0, 0]
    bonded = graph.edge_attr[:, 0] == 1
    # A C-H bond of methane is 1.09 Angstrom long, two of its hydrogens are 1.78 apart.
    torch.testing.assert_close(graph.edge_attr[bonded, 4], torch.full((8,), 1.09), rtol=0, atol=0.005)
    torch.testing.assert_close(graph.edge_attr[~bonded, 4], torch.full((12,), 1.783), rtol=0, atol=0.005)


def test_a_batch_padded_to_the_full_width_has_the_predictions_of_one_that_is_not(table: Any, molecules: Any) -> None:
    network = DenseMPNN(1).double()

    def predictions(full_width: bool) -> torch.Tensor:
        data = DenseMolecules(table, molecules.targets, torch.arange(240), 1, full_width)
        batch = data.__getitems__(range(40))
        chunk = batch.chunks[0]
        wide = chunk._replace(x=chunk.x.double(), positions=chunk.positions.double())
        found: torch.Tensor = network(batch._replace(chunks=(wide,)))
        return found

    torch.testing.assert_close(predictions(True), predictions(False), rtol=1e-9, atol=1e-12)
