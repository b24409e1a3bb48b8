from typing import Any

import numpy as np
import pytest

from lightning_go4align.benchmarks.qm9.bonds import heavy_bonds, molecule_bonds


@pytest.mark.parametrize(
    ("smiles", "bonds"),
    [
        pytest.param("C", [], id="one atom"),
        pytest.param("OC=O", [(0, 1, 1), (1, 2, 2)], id="orders"),
        pytest.param("CC(C)(C)C#N", [(0, 1, 1), (1, 2, 1), (1, 3, 1), (1, 4, 1), (4, 5, 3)], id="branches"),
        pytest.param("CC(=O)N", [(0, 1, 1), (1, 2, 2), (1, 3, 1)], id="order in a branch"),
        pytest.param("C1CC1", [(0, 1, 1), (1, 2, 1), (0, 2, 1)], id="ring"),
        pytest.param("C1=CC=1", [(0, 1, 2), (1, 2, 1), (0, 2, 2)], id="order at the ring's end"),
        pytest.param("C12CC1O2", [(0, 1, 1), (1, 2, 1), (0, 2, 1), (2, 3, 1), (0, 3, 1)], id="two rings"),
        pytest.param("C1CC1C1CO1", [(0, 1, 1), (1, 2, 1), (0, 2, 1), (2, 3, 1), (3, 4, 1), (4, 5, 1), (3, 5, 1)],
                     id="digit used twice"),
        pytest.param("C%10CC%10", [(0, 1, 1), (1, 2, 1), (0, 2, 1)], id="two-digit ring"),
        pytest.param("C[NH2+]CC([O-])=O", [(0, 1, 1), (1, 2, 1), (2, 3, 1), (3, 4, 1), (3, 5, 2)], id="charges"),
    ],
)  # fmt: skip
def test_smiles_gives_the_bonds_that_its_picture_shows(smiles: str, bonds: Any) -> None:
    assert heavy_bonds(smiles) == bonds


@pytest.mark.parametrize("smiles", ["c1ccccc1", "C/C=C", "[H]O", "C.C"])
def test_smiles_that_qm9_does_not_use_is_refused(smiles: str) -> None:
    with pytest.raises(ValueError, match="Kekulé SMILES of C, N, O and F is needed"):
        heavy_bonds(smiles)


def test_hydrogens_go_to_the_nearest_heavy_atom_wherever_they_stand_in_the_list() -> None:
    positions = np.array([[2.0, 0, 0], [1.2, 0, 0], [0, 0, 0], [-1.0, 0, 0]], dtype=np.float32)
    bonds = molecule_bonds("C#C", np.array([1, 6, 6, 1], dtype=np.uint8), positions)
    assert bonds == [(1, 2, 3), (0, 1, 1), (3, 2, 1)]
