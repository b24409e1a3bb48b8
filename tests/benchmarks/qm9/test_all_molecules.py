"""The whole real data; the conversion takes half a minute unless the cache of an earlier run is there."""

import pytest
import torch

from lightning_go4align.benchmarks.qm9 import QM9Pack
from lightning_go4align.benchmarks.qm9.molecules import Molecules
from lightning_go4align.benchmarks.qm9.targets import TARGETS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def all_molecules(tmp_path_factory: pytest.TempPathFactory) -> Molecules:
    source = QM9Pack(tmp_path_factory.mktemp("cache"))
    source.prepare()
    return source.molecules()


def test_there_are_130_831_molecules_of_at_most_29_atoms(all_molecules: Molecules) -> None:
    assert len(all_molecules.num_atoms) == 130_831
    assert all_molecules.num_atoms.max() == 29


def test_molecules_are_as_large_as_pyg_says(all_molecules: Molecules) -> None:
    assert all_molecules.num_atoms.double().mean().item() == pytest.approx(18.0, abs=0.05)
    assert 2 * all_molecules.num_bonds.double().mean().item() == pytest.approx(37.3, abs=0.05)


def test_targets_spread_as_pyg_s(all_molecules: Molecules) -> None:
    targets = all_molecules.targets[:, [target.column for target in TARGETS]].double()
    # Quoted from PyG's data in microsoft/tf-gnn-samples#13, with older constants for the energies.
    expected = torch.tensor([1.50, 8.18, 0.60, 1.27, 280.61, 0.90, 10.33, 10.42, 10.50, 9.51, 4.06]).double()
    torch.testing.assert_close(targets.std(dim=0), expected, rtol=5e-3, atol=0)
