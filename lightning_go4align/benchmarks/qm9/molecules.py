"""Molecules of different sizes in a few flat tensors."""

from typing import NamedTuple

import torch
from torch import Tensor


class Molecules(NamedTuple):
    """N molecules with A atoms and E bonds in all; the atoms and bonds of one lie next to each other.

    Args:
        num_atoms: Atoms of each molecule, shape ``[N]``, int64.
        num_bonds: Bonds of each molecule, shape ``[N]``, int64; each counts once.
        features: PyG's features, shape ``[A, 11]``, uint8: is H, C, N, O, F; atomic number; aromatic, sp, sp2, sp3
            (all zero in PyG's files, for it reads the molecules unsanitised); number of hydrogen neighbours.
        positions: Shape ``[A, 3]``, float32, in Angstrom.
        bonds: First atom, second atom, both counted within their molecule, and kind (1 single, 2 double,
            3 triple, 4 aromatic), shape ``[E, 3]``, uint8.
        targets: PyG's 19 target columns in PyG's units, shape ``[N, 19]``, float32.

    Example:
        >>> from lightning_go4align.benchmarks.qm9.conversion import convert
        >>> from lightning_go4align.benchmarks.qm9.sources import qm9pack_rows
        >>> methane = convert([next(iter(qm9pack_rows()))])
        >>> methane.features[0]
        tensor([0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 4], dtype=torch.uint8)
        >>> methane.bonds.tolist()
        [[1, 0, 1], [2, 0, 1], [3, 0, 1], [4, 0, 1]]
    """

    num_atoms: Tensor
    num_bonds: Tensor
    features: Tensor
    positions: Tensor
    bonds: Tensor
    targets: Tensor


class PaddedMolecules(NamedTuple):
    """N molecules, each padded with zeros to the same number n of atoms.

    Args:
        num_atoms: Shape ``[N]``, int64.
        features: Shape ``[N, n, 11]``, uint8.
        positions: Shape ``[N, n, 3]``, float32.
        bonds: Kind of the bond between two atoms, shape ``[N, n, n]``, uint8, symmetric; 0 is none.

    Example:
        >>> table = pad(Molecules(
        ...     num_atoms=torch.tensor([2, 1]),
        ...     num_bonds=torch.tensor([1, 0]),
        ...     features=torch.ones(3, 11, dtype=torch.uint8),
        ...     positions=torch.zeros(3, 3),
        ...     bonds=torch.tensor([[0, 1, 3]], dtype=torch.uint8),
        ...     targets=torch.zeros(2, 19),
        ... ))
        >>> table.bonds[0]
        tensor([[0, 3],
                [3, 0]], dtype=torch.uint8)
        >>> table.features[1, :, 0]
        tensor([1, 0], dtype=torch.uint8)
    """

    num_atoms: Tensor
    features: Tensor
    positions: Tensor
    bonds: Tensor


def pad(molecules: Molecules) -> PaddedMolecules:
    """Lay molecules out as a table that batches are indexed from.

    Args:
        molecules: At least one.

    Returns:
        The same molecules, padded to the largest; about 0.2 GB for all of QM9.

    Example: See :class:`PaddedMolecules`.
    """
    num_molecules, size = len(molecules.num_atoms), int(molecules.num_atoms.max())
    row, atom = _positions(molecules.num_atoms)
    features = molecules.features.new_zeros(num_molecules, size, molecules.features.shape[1])
    features[row, atom] = molecules.features
    positions = molecules.positions.new_zeros(num_molecules, size, 3)
    positions[row, atom] = molecules.positions
    bonds = molecules.bonds.new_zeros(num_molecules, size, size)
    row, _ = _positions(molecules.num_bonds)
    first, second = molecules.bonds[:, 0].long(), molecules.bonds[:, 1].long()
    bonds[row, first, second] = bonds[row, second, first] = molecules.bonds[:, 2]
    return PaddedMolecules(molecules.num_atoms, features, positions, bonds)


def check_finite(molecules: Molecules, targets: Tensor) -> None:
    """Refuse molecules of which something to learn from is no number.

    Args:
        molecules: Molecules of any source.
        targets: Their targets, shape ``[N, 11]``.

    Raises:
        ValueError: If a target or a position is NaN or infinite.

    Example:
        >>> molecules = Molecules(*[torch.ones(1, dtype=torch.int64)] * 3, torch.ones(1, 3), *[torch.ones(1, 3)] * 2)
        >>> check_finite(molecules, torch.full((1, 11), torch.nan))
        Traceback (most recent call last):
        ValueError: Molecule 0 (from 0) of `data.source` has a target or a position that is not finite, and 0 more ...
    """
    row, _ = _positions(molecules.num_atoms)
    wrong = ~targets.isfinite().all(1)
    wrong[row[~molecules.positions.isfinite().all(1)]] = True
    if wrong.any():
        first, more = wrong.nonzero()[0].item(), int(wrong.sum()) - 1
        raise ValueError(
            f"Molecule {first} (from 0) of `data.source` has a target or a position that is not finite, and {more} "
            "more have. Leave them out; labels are taken away by `data.label_fraction` alone."
        )


def _positions(counts: Tensor) -> tuple[Tensor, Tensor]:
    """Molecule of each item, and the item's place within it."""
    row = torch.repeat_interleave(torch.arange(len(counts)), counts)
    return row, torch.arange(len(row)) - (counts.cumsum(0) - counts)[row]
