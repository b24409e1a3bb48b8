"""The rows of ``qm9pack`` as molecules with PyG's features and targets."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from lightning_go4align.benchmarks.qm9.bonds import Bond, molecule_bonds
from lightning_go4align.benchmarks.qm9.molecules import Molecules

_ELEMENTS = {"H": 1, "C": 6, "N": 7, "O": 8, "F": 9}
_HARTREE_TO_EV = 27.211386246
_HARTREE_TO_KCAL_PER_MOL = 627.509
_KCAL_PER_MOL_TO_EV = 0.04336414

# In the order of PyG's columns; four atomisation energies follow the first twelve, the rotational constants them.
_COLUMNS = (
    ("Dipole_debye", 1.0),
    ("Polarizability_bohr3", 1.0),
    ("HOMO_au", _HARTREE_TO_EV),
    ("LUMO_au", _HARTREE_TO_EV),
    ("HOMO_LUMO_gap_au", _HARTREE_TO_EV),
    ("R2_bohr2", 1.0),
    ("ZPVE_au", _HARTREE_TO_EV),
    ("InternalEnergy_0K_au", _HARTREE_TO_EV),
    ("InternalEnergy_298K_au", _HARTREE_TO_EV),
    ("Enthalphy_298K_au", _HARTREE_TO_EV),
    ("GibbsFreeEnergy_298K_au", _HARTREE_TO_EV),
    ("Heatcapacity_Cv_cal_mol_K", 1.0),
    ("RotA_GHz", 1.0),
    ("RotB_GHz", 1.0),
    ("RotC_GHz", 1.0),
)
_ENERGIES = slice(7, 11)

# Energies of the free atoms H, C, N, O, F in Hartree: U0, U, H, G.
_FREE_ATOMS = np.array(
    [
        [-0.500273, -0.498857, -0.497912, -0.510927],
        [-37.846772, -37.845355, -37.844411, -37.861317],
        [-54.583861, -54.582445, -54.581501, -54.598897],
        [-75.064579, -75.063163, -75.062219, -75.079532],
        [-99.718730, -99.717314, -99.716370, -99.733544],
    ]
)


def convert(rows: Iterable[Mapping[str, str]]) -> Molecules:
    """Convert rows of ``qm9pack``'s files.

    The bonds are those of the SMILES, cleaner than OpenBabel's in PyG's file; all else equals PyG's ``QM9``.

    Args:
        rows: Columns of a row by name, as ``csv.DictReader`` gives them; at least one row.

    Returns:
        The molecules in the order of the rows.

    Raises:
        ValueError: If a row cannot be read; the message names its ``Index``.

    Example: See :class:`~lightning_go4align.benchmarks.qm9.molecules.Molecules`.
    """
    features, positions, bonds, values = [], [], [], []
    for row in rows:
        try:
            atomic_numbers, xyz, molecule = _geometry(row)
            values.append([float(row[name]) for name, _ in _COLUMNS])
        except (ValueError, IndexError, KeyError) as error:
            raise ValueError(f"Molecule {row.get('Index')} of qm9pack cannot be read: {error}") from error
        features.append(_features(atomic_numbers, molecule))
        positions.append(xyz)
        bonds.append(molecule)
    counts = np.stack([atoms[:, :5].sum(axis=0) for atoms in features])
    return Molecules(
        num_atoms=torch.tensor([len(atoms) for atoms in features]),
        num_bonds=torch.tensor([len(molecule) for molecule in bonds]),
        features=torch.from_numpy(np.concatenate(features)),
        positions=torch.from_numpy(np.concatenate(positions)),
        bonds=torch.tensor([bond for molecule in bonds for bond in molecule], dtype=torch.uint8).view(-1, 3),
        targets=torch.from_numpy(_targets(np.array(values), counts)),
    )


def _geometry(row: Mapping[str, str]) -> tuple[NDArray[np.uint8], NDArray[np.float32], list[Bond]]:
    """Atomic numbers ``[n]``, positions ``[n, 3]`` and bonds of a row."""
    symbols = row["Elements"].strip("[]").replace("'", "").split(",")
    atomic_numbers = np.array([_ELEMENTS[symbol] for symbol in symbols], dtype=np.uint8)
    numbers = row["XYZ_Ang"].replace("[", "").replace("]", "").split(",")
    positions = np.array(numbers, dtype=np.float32).reshape(len(symbols), 3)
    return atomic_numbers, positions, molecule_bonds(row["SMILES"], atomic_numbers, positions)


def _features(atomic_numbers: NDArray[np.uint8], bonds: list[Bond]) -> NDArray[np.uint8]:
    """PyG's features of a molecule, ``[n, 11]``."""
    features = np.zeros((len(atomic_numbers), 11), dtype=np.uint8)
    features[:, :5] = atomic_numbers[:, None] == tuple(_ELEMENTS.values())
    features[:, 5] = atomic_numbers
    for first, second, _ in bonds:
        features[first, 10] += atomic_numbers[second] == 1
        features[second, 10] += atomic_numbers[first] == 1
    return features


def _targets(values: NDArray[np.float64], counts: NDArray[np.integer]) -> NDArray[np.float32]:
    """PyG's 19 columns ``[N, 19]`` from the 15 of the files ``[N, 15]`` and the atoms by element ``[N, 5]``."""
    atomisation = (values[:, _ENERGIES] - counts @ _FREE_ATOMS) * _HARTREE_TO_KCAL_PER_MOL * _KCAL_PER_MOL_TO_EV
    values = values * [factor for _, factor in _COLUMNS]
    return np.concatenate([values[:, :12], atomisation, values[:, 12:]], axis=1).astype(np.float32)
