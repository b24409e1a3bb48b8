import pytest
import torch

from lightning_go4align.benchmarks.qm9.conversion import convert
from lightning_go4align.benchmarks.qm9.molecules import Molecules

# PyG's own first molecule.
METHANE = [
    0, 13.21, -10.5499, 3.1865, 13.7363, 35.3641, 1.2177, -1101.4878, -1101.4098, -1101.3840, -1102.0229, 6.469,
    -17.1722, -17.2868, -17.3897, -16.1519, 157.7118, 157.7100, 157.7070,
]  # fmt: skip


def test_methane_has_the_19_targets_of_pyg(molecules: Molecules) -> None:
    torch.testing.assert_close(molecules.targets[0], torch.tensor(METHANE), rtol=0, atol=6e-5)


def test_atomisation_energies_of_methane_are_the_public_ones_in_kcal_per_mol(molecules: Molecules) -> None:
    kcal_per_mol = molecules.targets[0, 12:16].double() / 0.04336414
    expected = torch.tensor([-395.9996, -398.6433, -401.0146, -372.4718], dtype=torch.float64)
    torch.testing.assert_close(kcal_per_mol, expected, rtol=1e-6, atol=0)


def test_carbon_of_methane_has_the_features_of_pyg(molecules: Molecules) -> None:
    assert molecules.features[0].tolist() == [0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 4]


def test_hydrogen_has_no_hydrogen_neighbours(molecules: Molecules) -> None:
    assert molecules.features[1].tolist() == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]


def test_every_atom_of_the_first_molecules_has_its_valence(rows: list[dict[str, str]], molecules: Molecules) -> None:
    atoms = torch.repeat_interleave(molecules.num_atoms.cumsum(0) - molecules.num_atoms, molecules.num_bonds)
    valence = torch.zeros(len(molecules.features), dtype=torch.int64)
    for end in (0, 1):
        valence.index_add_(0, atoms + molecules.bonds[:, end], molecules.bonds[:, 2].long())
    usual = torch.tensor([1, 4, 3, 2, 1])[molecules.features[:, :5].argmax(dim=1)]
    unusual = torch.repeat_interleave(torch.arange(len(rows)), molecules.num_atoms)[valence != usual].unique()
    # In these two, hydrogen cyanide's relatives, the SMILES has another order than the coordinates.
    assert {rows[row]["SMILES"] for row in unusual if "+" not in rows[row]["SMILES"]} <= {"C#CC#C", "C#CC#N"}


def test_coordinates_with_exponents_are_read(rows: list[dict[str, str]]) -> None:
    row = {**rows[0], "XYZ_Ang": rows[0]["XYZ_Ang"].replace("-0.0126981359", "-1.26981359E-02")}
    assert torch.equal(convert([row]).positions, convert([rows[0]]).positions)


@pytest.mark.parametrize(
    ("column", "text"),
    [
        pytest.param("Elements", "['C','H','H','H','Cl']", id="element"),
        pytest.param("XYZ_Ang", "[[0.0,0.0,0.0]]", id="positions"),
        pytest.param("HOMO_au", "", id="number"),
        pytest.param("SMILES", "CC", id="atoms"),
    ],
)
def test_row_that_cannot_be_read_is_named(rows: list[dict[str, str]], column: str, text: str) -> None:
    with pytest.raises(ValueError, match="Molecule 1 of qm9pack cannot be read"):
        convert([{**rows[0], column: text}])
