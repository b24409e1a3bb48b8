"""Batches of molecules for the dense network."""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.utils.data import Dataset

from lightning_go4align.benchmarks.qm9.molecules import PaddedMolecules
from lightning_go4align.functional.arguments import as_integer


class DenseGraphs(NamedTuple):
    """B complete molecular graphs, padded to n atoms.

    Args:
        x: PyG's features, shape ``[B, n, 11]``.
        positions: Shape ``[B, n, 3]``, in Angstrom.
        bonds: Kind of the bond between two atoms, shape ``[B, n, n]``, int64; 0 is none.
        mask: True where there is an atom, shape ``[B, n]``.

    Example: See :class:`DenseMolecules`.
    """

    x: Tensor
    positions: Tensor
    bonds: Tensor
    mask: Tensor


class DenseBatch(NamedTuple):
    """A batch of B molecules, sorted by size and cut into chunks of similar size, each padded by itself.

    Args:
        chunks: The molecules, from the smallest to the largest.
        y: Targets in the chunks' order, shape ``[B, 11]``.

    Example: See :class:`DenseMolecules`.
    """

    chunks: tuple[DenseGraphs, ...]
    y: Tensor


class DenseMolecules(Dataset[DenseBatch]):
    """Batches of molecules by indexing a padded table, 40 times faster than collating graphs.

    The composition of a batch stays random, only its order within changes. Every molecule counts alike in
    the gradient, whatever its chunk.

    Args:
        table: All molecules, N of them.
        y: Their targets, shape ``[N, 11]``.
        rows: Which of them this data set holds.
        num_chunks: Chunks of a batch, at least 1; more padding is saved with each, and products get smaller.
        full_width: Whether each chunk is padded to the largest molecule of the table: shapes that never change.

    Example:
        >>> table = PaddedMolecules(
        ...     num_atoms=torch.tensor([5, 1, 2]),
        ...     features=torch.zeros(3, 5, 11, dtype=torch.uint8),
        ...     positions=torch.zeros(3, 5, 3),
        ...     bonds=torch.zeros(3, 5, 5, dtype=torch.uint8),
        ... )
        >>> molecules = DenseMolecules(table, torch.tensor([[50.0], [10.0], [20.0]]), torch.arange(3), num_chunks=2)
        >>> batch = molecules.__getitems__([0, 1, 2])
        >>> [tuple(chunk.mask.shape) for chunk in batch.chunks], batch.y[:, 0]
        ([(2, 2), (1, 5)], tensor([10., 20., 50.]))
    """

    def __init__(
        self, table: PaddedMolecules, y: Tensor, rows: Tensor, num_chunks: int = 4, full_width: bool = False
    ) -> None:
        self.table = table
        self.y = y
        self.rows = rows
        self.num_chunks = as_integer("num_chunks", num_chunks, least=1)
        self.full_width = full_width

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> DenseBatch:
        return self.__getitems__([index])

    def __getitems__(self, indices: Sequence[int]) -> DenseBatch:
        """The batch of these molecules; what a ``DataLoader`` asks for instead of one by one."""
        rows = self.rows[torch.as_tensor(indices)]
        rows = rows[self.table.num_atoms[rows].argsort(stable=True)]
        chunks = tuple(self._graphs(chunk) for chunk in rows.chunk(self.num_chunks))
        return DenseBatch(chunks, self.y[rows])

    def _graphs(self, rows: Tensor) -> DenseGraphs:
        num_atoms = self.table.num_atoms[rows]
        size = self.table.features.shape[1] if self.full_width else int(num_atoms.max())
        return DenseGraphs(
            x=self.table.features[rows, :size].float(),
            positions=self.table.positions[rows, :size],
            bonds=self.table.bonds[rows, :size, :size].long(),
            mask=torch.arange(size) < num_atoms[:, None],
        )
