"""The message-passing network of the benchmark on dense batches, with a factorised message."""

import torch
from torch import Tensor, nn
from torch.nn.functional import embedding, pad
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.batches import DenseBatch, DenseGraphs
from lightning_go4align.functional.arguments import as_integer


class DenseMPNN(nn.Module):
    r"""The function of :class:`~lightning_go4align.benchmarks.qm9.mpnn.MPNN`, with 13 times fewer operations.

    The last layer of the edge network is linear in the activations :math:`h_{ij}` of the one before, so that the
    message of all neighbours,

    .. math:: \frac{1}{n-1} \sum_{j \ne i} x_j W(e_{ij})
        = \frac{1}{n-1} \sum_{j \ne i} \sum_k h_{ijk} \, (x_j W_{2,k})
        + \Bigl(\frac{1}{n-1} \sum_{j \ne i} x_j\Bigr) B_2,

    needs no weight matrix per edge, but two products. Parameters have the names and shapes of ``MPNN``'s: each
    loads the other's ``state_dict``.

    Args:
        num_targets: Number of heads.
        edge_width: Hidden units k of the edge network; most of the operations are proportional to it.

    Example:
        >>> sum(parameter.numel() for parameter in DenseMPNN(num_targets=11).parameters())
        617675
    """

    def __init__(self, num_targets: int, edge_width: int = 128) -> None:
        super().__init__()
        self.lin0 = nn.Linear(11, 64)
        self.conv = DenseNNConv(edge_width)
        self.gru = nn.GRU(64, 64)
        self.set2set = DenseSet2Set()
        self.lin1 = nn.Linear(2 * 64, 64)
        self.heads = nn.Linear(64, as_integer("num_targets", num_targets, least=1))

    @override
    def forward(self, batch: DenseBatch) -> Tensor:
        molecules = torch.cat([self._molecules(chunk) for chunk in batch.chunks])
        prediction: Tensor = self.heads(self.lin1(molecules).relu())
        return prediction

    def _molecules(self, graphs: DenseGraphs) -> Tensor:
        """What Set2Set reads from molecules, ``[B, 128]``."""
        x = self.lin0(graphs.x).relu()
        edges, neighbours = self.conv.edges(graphs), neighbour_weights(graphs.mask, x.dtype)
        for _ in range(3):
            message = self.conv(x, edges, neighbours).relu()
            x = self.gru(message.view(1, -1, 64), x.view(1, -1, 64))[0].view(x.shape)
        molecules: Tensor = self.set2set(x, graphs.mask)
        return molecules


class DenseNNConv(nn.Module):
    """PyG's ``NNConv(64, 64, edge_network, aggr="mean")`` on padded complete graphs, its message factorised.

    Args:
        edge_width: Hidden units of the edge network.

    Example:
        >>> conv = DenseNNConv(edge_width=128)
        >>> mask = torch.tensor([[True, True, False]])
        >>> graphs = DenseGraphs(
        ...     torch.zeros(1, 3, 11), torch.rand(1, 3, 3), torch.zeros(1, 3, 3, dtype=torch.int64), mask
        ... )
        >>> conv(torch.rand(1, 3, 64), conv.edges(graphs), neighbour_weights(mask, torch.float32)).shape
        torch.Size([1, 3, 64])
    """

    def __init__(self, edge_width: int) -> None:
        super().__init__()
        self.nn = nn.Sequential(nn.Linear(5, edge_width), nn.ReLU(), nn.Linear(edge_width, 64 * 64))
        self.lin = nn.Linear(64, 64, bias=False)
        self.bias = nn.Parameter(torch.zeros(64))

    def edges(self, graphs: DenseGraphs) -> Tensor:
        """Hidden activations of the edge network over the number of neighbours.

        They are the same in every round; zero without an edge.

        Args:
            graphs: B graphs of n atoms.

        Returns:
            Shape ``[B, n, n * edge_width]``: atom, then neighbour and hidden unit.
        """
        weight, bias = self.nn.get_parameter("0.weight"), self.nn.get_parameter("0.bias")
        by_bond = pad(weight[:, :4], (1, 0)).T + bias
        distances = (graphs.positions[:, :, None] - graphs.positions[:, None]).norm(dim=-1, keepdim=True)
        activations = torch.addcmul(embedding(graphs.bonds, by_bond), distances, weight[:, 4]).relu()
        return (activations * neighbour_weights(graphs.mask, distances.dtype)[..., None]).flatten(2)

    @override
    def forward(self, x: Tensor, edges: Tensor, neighbours: Tensor) -> Tensor:
        weight, bias = self.nn.get_parameter("2.weight"), self.nn.get_parameter("2.bias")
        by_unit = weight.view(64, 64, -1).transpose(1, 2).reshape(64, -1)
        message = edges @ (x @ by_unit).view(len(x), -1, 64) + neighbours @ x @ bias.view(64, 64)
        output: Tensor = message + self.lin(x) + self.bias
        return output


class DenseSet2Set(nn.Module):
    """PyG's ``Set2Set(64, processing_steps=3)`` on padded graphs.

    Example:
        >>> DenseSet2Set()(torch.rand(2, 3, 64), torch.ones(2, 3, dtype=torch.bool)).shape
        torch.Size([2, 128])
    """

    def __init__(self) -> None:
        super().__init__()
        self.lstm = nn.LSTM(2 * 64, 64)

    @override
    def forward(self, x: Tensor, mask: Tensor) -> Tensor:
        read = x.new_zeros(len(x), 2 * 64)
        state = None
        for _ in range(3):
            query, state = self.lstm(read[None], state)
            logits = (x @ query[0, :, :, None]).squeeze(2).masked_fill(~mask, -torch.inf)
            attention = logits.softmax(dim=1)
            read = torch.cat([query[0], (attention[:, None] @ x).squeeze(1)], dim=1)
        return read


def neighbour_weights(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """Weights that average over the other atoms of a molecule.

    Args:
        mask: True where there is an atom, shape ``[B, n]``.
        dtype: Of the weights.

    Returns:
        ``1 / (atoms - 1)`` between two different atoms, else 0; shape ``[B, n, n]``.

    Example:
        >>> neighbour_weights(torch.tensor([[True, True, True, False]]), torch.float32)[0, 0]
        tensor([0.0000, 0.5000, 0.5000, 0.0000])
    """
    others = mask[:, :, None] & mask[:, None] & ~torch.eye(mask.shape[1], dtype=torch.bool, device=mask.device)
    return others.to(dtype) / others.sum(dim=2, keepdim=True).clamp(min=1)
