"""Gradient-oriented methods on shared parameters whose gradients are sparse, or complex."""

from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchjd.aggregation import Sum, UPGrad
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback


class Embedded(Toy):
    """Tasks share what is looked up."""

    def __init__(self, sparse: bool) -> None:
        torch.manual_seed(0)
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1e-4))
        self.table = nn.Embedding(10, 4, sparse=sparse)

    @override
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        x, y = batch
        return super().losses((x + self.table((3 * x[:, 0].abs()).long().clamp(max=9)), y))


@pytest.mark.parametrize("make", [UPGrad, Sum])
def test_a_sparse_embedding_trains_as_a_dense_one(make: Any) -> None:
    tables = []
    for sparse in (True, False):
        module = Embedded(sparse)
        quiet_trainer(callbacks=MultiTaskCallback(make()), max_epochs=1).fit(module, loader())
        tables.append(module.table.weight.detach())
    torch.testing.assert_close(*tables)


def test_a_complex_parameter_is_refused_in_words() -> None:
    class Complex(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.phase = nn.Parameter(torch.ones(4, dtype=torch.complex64))

        @override
        def losses(self, batch: Batch) -> dict[str, Tensor]:
            return super().losses(((batch[0] * self.phase).real, batch[1]))

    with pytest.raises(TypeError, match=r"have to be real.*of torch.complex64.*take a loss-oriented method"):
        quiet_trainer(callbacks=MultiTaskCallback(UPGrad()), max_epochs=1).fit(Complex(), loader())
