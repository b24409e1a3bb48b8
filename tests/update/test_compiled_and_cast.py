"""Compiled networks, autocast and strategies that a method cannot see through: right, or refused in words."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.strategies import SingleDeviceStrategy
from torch import Tensor, nn
from torch._functorch import config as functorch_config
from torchjd.aggregation import UPGrad
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.methods import DBMTL, NTKMTLSR, GradNorm

pytestmark = pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor that is not a leaf")  # torch's own

REPRESENTED: dict[str, Callable[[], Any]] = {"NTKMTL-SR": lambda: NTKMTLSR(2), "GradNorm": lambda: GradNorm(3)}
WITH_HEADS = pytest.mark.parametrize("make", REPRESENTED.values(), ids=REPRESENTED)


class Deep(Toy):
    """A trunk and heads of several layers, which torch compiles into graphs that keep buffers."""

    def __init__(self) -> None:
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1e-4))
        self.trunk = nn.Sequential(nn.Linear(4, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh())
        self.heads = nn.ModuleDict(
            {task: nn.Sequential(nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)) for task in "abc"}
        )

    def task_heads(self) -> nn.ModuleDict:
        return self.heads


def fit(module: Any, method: Any, **options: Any) -> Tensor:
    quiet_trainer(callbacks=MultiTaskCallback(method), max_epochs=1, **options).fit(module, loader())
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def deep() -> Deep:
    torch.manual_seed(0)
    return Deep()


@pytest.mark.parametrize("make", [*REPRESENTED.values(), UPGrad, DBMTL], ids=[*REPRESENTED, "UPGrad", "DB-MTL"])
def test_parts_that_are_compiled_are_trained_as_they_are(make: Callable[[], Any]) -> None:
    torch._dynamo.reset()
    compiled = deep()
    compiled.trunk = torch.compile(compiled.trunk, backend="aot_eager")  # type: ignore[assignment]  # a module, too
    for task, head in compiled.heads.items():
        compiled.heads[task] = torch.compile(head, backend="aot_eager")  # type: ignore[assignment]  # a module, too
    before = functorch_config.donated_buffer
    torch.testing.assert_close(fit(compiled, make()), fit(deep(), make()))
    assert functorch_config.donated_buffer == before


@WITH_HEADS
def test_a_representation_that_is_hidden_in_a_compiled_whole_is_told(make: Callable[[], Any]) -> None:
    torch._dynamo.reset()
    with pytest.raises(ValueError, match=r"No loss depends on the shared representation.*heads apart") as refused:
        fit(torch.compile(deep(), backend="aot_eager"), make())
    assert "if others come later" not in str(refused.value)


@WITH_HEADS
def test_gradients_past_the_scaler_are_refused(make: Callable[[], Any]) -> None:
    scaler = pl.plugins.MixedPrecision("16-mixed", "cpu", scaler=torch.amp.GradScaler("cpu"))
    with pytest.raises(MisconfigurationException, match="differentiates each loss in the representation, past the"):
        fit(deep(), make(), plugins=[scaler])


def test_methods_compute_as_tensors_say_under_autocast(monkeypatch: pytest.MonkeyPatch) -> None:
    kinds: list[tuple[torch.dtype, bool]] = []
    own = torch.linalg.eigvalsh

    def watched(matrix: Tensor) -> Tensor:
        kinds.append((matrix.dtype, torch.is_autocast_enabled("cpu")))
        values: Tensor = own(matrix)
        return values

    monkeypatch.setattr(torch.linalg, "eigvalsh", watched)
    seen: list[bool] = []

    class Watched(Deep):
        @override
        def losses(self, batch: Any) -> Any:
            seen.append(torch.is_autocast_enabled("cpu"))
            return super().losses(batch)

    fit(Watched(), NTKMTLSR(2), precision="bf16-mixed")
    assert set(kinds) == {(torch.float32, False)}
    assert set(seen) == {True}


@pytest.mark.parametrize("kind", ["FSDPStrategy", "DeepSpeedStrategy"])
def test_an_aggregator_is_refused_where_its_gradients_would_be_passed_by(kind: str) -> None:
    strategy = type(kind, (SingleDeviceStrategy,), {})()
    with pytest.raises(MisconfigurationException, match=f"past the backward pass of {kind}.*`strategy='ddp'`"):
        fit(deep(), UPGrad(), strategy=strategy, accelerator="auto")
