"""QM9 as PyG's graphs, for the reference network."""

from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import one_hot
from torch.utils.data import DataLoader as TorchDataLoader
from torch.utils.data import Dataset
from torch_geometric.data import Data
from torch_geometric.loader import DataLoader
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.data import QM9DataModule
from lightning_go4align.benchmarks.qm9.molecules import PaddedMolecules


class GraphMolecules(Dataset[Data]):
    """The molecules one by one as PyG's graphs: complete, with bond and distance on each edge.

    Args:
        table: All molecules, N of them.
        y: Their targets, shape ``[N, 11]``.
        rows: Which of them this data set holds.

    Example:
        >>> table = PaddedMolecules(
        ...     num_atoms=torch.tensor([2]),
        ...     features=torch.zeros(1, 4, 11, dtype=torch.uint8),
        ...     positions=torch.tensor([[[0.0, 0, 0], [3, 4, 0], [0, 0, 0], [0, 0, 0]]]),
        ...     bonds=torch.zeros(1, 4, 4, dtype=torch.uint8),
        ... )
        >>> GraphMolecules(table, torch.zeros(1, 11), torch.tensor([0]))[0].edge_attr
        tensor([[0., 0., 0., 0., 5.],
                [0., 0., 0., 0., 5.]])
    """

    def __init__(self, table: PaddedMolecules, y: Tensor, rows: Tensor) -> None:
        self.table = table
        self.y = y
        self.rows = rows

    def __len__(self) -> int:
        return len(self.rows)

    def __getitem__(self, index: int) -> Data:
        row = self.rows[index]
        n = int(self.table.num_atoms[row])
        edges = (~torch.eye(n, dtype=torch.bool)).nonzero().T
        positions = self.table.positions[row, :n]
        distances = (positions[edges[0]] - positions[edges[1]]).norm(dim=1, keepdim=True)
        bonds = one_hot(self.table.bonds[row][edges[0], edges[1]].long(), num_classes=5)[:, 1:]
        return Data(
            x=self.table.features[row, :n].float(),
            edge_index=edges,
            edge_attr=torch.cat([bonds, distances], dim=1),
            y=self.y[row, None],
        )


class QM9GraphDataModule(QM9DataModule):
    """QM9 in PyG's batches, for :class:`~lightning_go4align.benchmarks.qm9.mpnn.MPNN`: the same split, other batches.

    Example:
        >>> QM9GraphDataModule(num_train=4000).num_train
        4000
    """

    @override
    def _loader(self, rows: Tensor, shuffle: bool) -> TorchDataLoader[Any]:
        dataset = GraphMolecules(self.table, self.targets, rows)
        loader: TorchDataLoader[Any] = DataLoader(dataset, batch_size=self.batch_size, shuffle=shuffle)
        return loader
