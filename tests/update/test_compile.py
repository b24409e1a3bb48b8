"""``torch.compile`` meets the user's step as it is, and never the plugin's."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import nn
from torch._dynamo.exc import InternalTorchDynamoError
from torch._dynamo.testing import CompileCounter
from torch._dynamo.utils import counters
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


class Logging(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        self.log("train/a", losses["a"])
        return losses


def whole(module: Toy, backend: Any) -> Any:
    return torch.compile(module, backend=backend)


def trunk(module: Any, backend: Any) -> Any:
    module.trunk = torch.compile(module.trunk, backend=backend)
    return module


class Trunk(nn.Module):
    """A module of one's own: dynamo passes by a ``Sequential`` that is compiled in place."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    @override
    def forward(self, x: torch.Tensor) -> Any:
        return self.layers(x)


def in_place(module: Any, backend: Any) -> Any:
    module.trunk = Trunk(module.trunk)
    module.trunk.compile(backend=backend)
    return module


@MODES
@pytest.mark.parametrize("compiled", [whole, trunk, in_place])
def test_a_compiled_part_is_one_graph_without_breaks_or_recompilations(
    compiled: Any, optimization: Optimization
) -> None:
    torch._dynamo.reset()
    counters.clear()
    counter = CompileCounter()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align(), optimization), max_epochs=13)
    trainer.fit(compiled(Toy(), counter), loader(32))
    assert trainer.global_step == 52
    assert (counter.frame_count, sum(counters["graph_break"].values())) == (1, 0)
    torch._dynamo.reset()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # Of dynamo itself.
@MODES
def test_a_compiled_step_may_log_where_it_may_in_plain_lightning(optimization: Optimization) -> None:
    class Weighed(Logging):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return sum(super().training_step(batch, batch_idx).values())

    def outcome(module: Toy, **options: Any) -> Any:
        torch._dynamo.reset()
        trainer: pl.Trainer = quiet_trainer(**options)
        compiled: Any = torch.compile(module, backend="eager")
        try:
            trainer.fit(compiled, loader(32))
        except InternalTorchDynamoError as error:  # Of torch 2.13, of Lightning's own `log`.
            return str(error).partition("\n")[0]
        return trainer.callback_metrics["train/a"] > 0

    assert outcome(Logging(), callbacks=MultiTaskCallback(GO4Align(), optimization)) == outcome(Weighed())
    torch._dynamo.reset()
