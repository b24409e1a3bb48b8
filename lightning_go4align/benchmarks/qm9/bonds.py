"""Bonds of a molecule from its Kekulé SMILES and its geometry, without RDKit."""

import re

import numpy as np
from numpy.typing import NDArray

Bond = tuple[int, int, int]
"""The two atoms, and the order: 1 single, 2 double, 3 triple."""

_TOKEN = re.compile(r"\[[^]]*\]|%\d\d|.")
_HEAVY_ATOM = re.compile(r"\[\d*(?!H)[A-Z][^]]*\]|[CNOF]")
_RING = re.compile(r"\d|%\d\d")
_ORDERS = {"-": 1, "=": 2, "#": 3}


def heavy_bonds(smiles: str) -> list[Bond]:
    """Bonds between heavy atoms, as a Kekulé SMILES spells them.

    Args:
        smiles: Elements C, N, O, F, brackets, branches, rings and ``- = #``; no aromatic (lower-case) atoms,
            no stereo marks, no explicit hydrogen atoms.

    Returns:
        Bonds between atoms, which are counted in the order of their symbols.

    Raises:
        ValueError: If ``smiles`` holds anything else.

    Example:
        >>> heavy_bonds("C1=CC1(C)C#N")
        [(0, 1, 2), (1, 2, 1), (0, 2, 1), (2, 3, 1), (2, 4, 1), (4, 5, 3)]
    """
    bonds: list[Bond] = []
    branches: list[int] = []
    rings: dict[str, tuple[int, int]] = {}
    atom, num_atoms, order = -1, 0, 1
    for token in _TOKEN.findall(smiles):
        if _HEAVY_ATOM.fullmatch(token):
            if num_atoms:
                bonds.append((atom, num_atoms, order))
            atom, num_atoms, order = num_atoms, num_atoms + 1, 1
        elif _RING.fullmatch(token):
            start, start_order = rings.pop(token, (atom, 0))
            if start_order:
                bonds.append((start, atom, max(start_order, order)))
            else:
                rings[token] = (atom, order)
            order = 1
        elif token == "(":
            branches.append(atom)
        elif token == ")":
            atom = branches.pop()
        elif token in _ORDERS:
            order = _ORDERS[token]
        else:
            raise ValueError(f"A Kekulé SMILES of C, N, O and F is needed, but {smiles!r} holds {token!r}.")
    return bonds


def molecule_bonds(smiles: str, atomic_numbers: NDArray[np.uint8], positions: NDArray[np.float32]) -> list[Bond]:
    """All bonds of a molecule: the heavy ones by its SMILES, each hydrogen to the nearest heavy atom.

    Distances alone would find false bonds in 5 % of QM9 (cages), and OpenBabel's, which PyG's file holds, err for
    some molecules. By these every atom of QM9 has its valence, apart from charged and nitro groups and from six
    molecules, ``C#CC#C`` and ``C#CC#N`` among them, whose atoms the SMILES orders differently.

    Args:
        smiles: See :func:`heavy_bonds`; its atoms are in the order of the heavy ones of ``atomic_numbers``.
        atomic_numbers: Shape ``[n]``.
        positions: Shape ``[n, 3]``, in Angstrom.

    Returns:
        Bonds between atoms, counted as in ``atomic_numbers``.

    Raises:
        IndexError: If ``smiles`` has more heavy atoms than ``atomic_numbers``.

    Example:
        >>> positions = np.array([[0, 0, 0], [0.96, 0, 0], [0, 0.96, 0]], dtype=np.float32)
        >>> molecule_bonds("O", np.array([8, 1, 1], dtype=np.uint8), positions)
        [(1, 0, 1), (2, 0, 1)]
    """
    heavy = np.flatnonzero(atomic_numbers != 1)
    hydrogens = np.flatnonzero(atomic_numbers == 1)
    distances = ((positions[hydrogens, None] - positions[None, heavy]) ** 2).sum(axis=-1)
    nearest = heavy[distances.argmin(axis=1)]
    atoms = heavy.tolist()
    bonds = [(atoms[i], atoms[j], order) for i, j, order in heavy_bonds(smiles)]
    return bonds + [(h, a, 1) for h, a in zip(hydrogens.tolist(), nearest.tolist(), strict=True)]
