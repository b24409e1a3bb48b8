"""Every precision under every kind of method, to the bit: plain Lightning, written by hand, is the measure."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from by_hand import Amortized, ByHand, Island, Projected, Uncertain, fp16_scaler, module_by_hand
from torch import Tensor
from torchjd import aggregation
from torchjd.aggregation import UPGrad
from torchjd.scalarization import FAMO, UW, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

PRECISIONS: dict[str, Callable[[], dict[str, Any]]] = {
    "32-true": lambda: {"precision": "32-true"},
    "bf16-mixed": lambda: {"precision": "bf16-mixed"},
    "64-true": lambda: {"precision": "64-true"},
    "bf16-true": lambda: {"precision": "bf16-true"},
    "16-mixed": lambda: {"plugins": [fp16_scaler()]},
}
METHODS: dict[str, tuple[Callable[[], Any], Callable[[], Any], type[ByHand]]] = {
    "Sum": (Sum, lambda: None, ByHand),
    "GO4Align": (lambda: GO4Align(2, 1e-2), lambda: GO4Align(2, 1e-2), ByHand),
    "FAMO": (lambda: FAMO(3), lambda: FAMO(3), Amortized),
    "UW": (lambda: UW(3), lambda: UW(3), Uncertain),
    "UPGrad": (UPGrad, UPGrad, Projected),
}


def adafactor(module: Toy) -> torch.optim.Optimizer:
    """Multiplies matrices, and takes the default dtype for its counter."""
    return torch.optim.Adafactor(module.parameters(), 1e-2)


def adam(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.Adam(module.parameters(), 1e-2)


SCENARIOS: dict[str, tuple[type[Toy], Callable[[Toy], Any], dict[str, Any]]] = {
    "float32 island": (Island, adam, {}),
    "clipping": (Toy, adam, {"gradient_clip_val": 0.5}),
    "accumulation": (Toy, adam, {"accumulate_grad_batches": 2, "max_epochs": 2, "limit_train_batches": 3}),
}
if hasattr(torch.optim, "Adafactor"):  # Since torch 2.5.
    SCENARIOS["optimizer that multiplies matrices"] = (Toy, adafactor, {})
CELLS = [
    pytest.param(precision, method, id=f"{precision}-{method}")
    for precision in PRECISIONS
    for method in METHODS
    if (precision, method) != ("16-mixed", "UPGrad")  # Which is refused, see test_errors.py.
]


def trained(module: Toy, callback: MultiTaskCallback | None, options: dict[str, Any]) -> list[Tensor]:
    options = {"max_epochs": 1, "limit_train_batches": 4, **options}
    quiet_trainer(callbacks=callback, **options).fit(module, loader())
    return list(module.parameters())


@pytest.mark.parametrize("scenario", SCENARIOS.values(), ids=SCENARIOS)
@pytest.mark.parametrize(("precision", "name"), CELLS)
def test_each_precision_gives_the_bits_of_plain_lightning(precision: str, name: str, scenario: Any) -> None:
    base, optimizer, options = scenario
    make, by_hand, kind = METHODS[name]
    torch.manual_seed(0)
    plain = module_by_hand(kind, base, by_hand(), optimizer=optimizer)
    start = deepcopy(plain.state_dict())
    expected = trained(plain, None, options | PRECISIONS[precision]())
    for optimization in ("manual", "automatic"):
        module, method = base(optimizer=optimizer), make()
        module.load_state_dict(start)
        found = trained(module, MultiTaskCallback(method, optimization), options | PRECISIONS[precision]())
        assert all(map(torch.equal, found, expected)), optimization
        if plain.method[0] is not None:
            pairs = zip(method.state_dict().values(), plain.method[0].state_dict().values(), strict=True)
            assert all(torch.equal(*pair) for pair in pairs), optimization


class Even(Toy):
    """Its losses are of one size, so that half precision holds them; beside them it returns what they share."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        features = self.trunk(batch[0])
        losses = {task: (head(features)[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}
        return {"task_losses": losses, "representation": features}


@pytest.mark.parametrize("precision", ["bf16-true", "16-true"])
@pytest.mark.parametrize("name", ["UPGrad", "DualProj", "AlignedMTL", "IMTLG", "ConFIG", "PCGrad"])
def test_aggregators_that_decompose_matrices_train_in_half_precision(name: str, precision: Any) -> None:
    seen = []

    class Watched(getattr(aggregation, name)):  # type: ignore[misc]  # A base by its name.
        @override
        def forward(self, matrix: Tensor, /) -> Tensor:
            seen.append(matrix.dtype)
            return super().forward(matrix)  # type: ignore[no-any-return]  # A base by its name has no types.

    module = Even(lambda toy: torch.optim.SGD(toy.parameters(), 1e-3))
    before = deepcopy(module.trunk.state_dict())
    trained(module, MultiTaskCallback(Watched()), {"precision": precision})
    assert seen == 4 * [torch.float32]
    assert not torch.equal(module.trunk[0].weight.float(), before["0.weight"])  # type: ignore[arg-type]  # It may be a tensor or a module.


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", [lambda: UW(3), lambda: FAMO(3)], ids=["UW", "FAMO"])
def test_steps_that_the_scaler_leaves_out_teach_a_method_nothing(make: Any, optimization: Any) -> None:
    def learned(init_scale: float) -> Tensor:
        method, options = make(), {"plugins": [fp16_scaler(init_scale)], "max_epochs": 2}
        trained(Even(), MultiTaskCallback(method, optimization), options)
        return torch.cat([parameter.detach() for parameter in method.parameters()])

    [start] = make().parameters()
    assert torch.equal(learned(2.0**100), start)  # All steps overflow.
    assert not torch.equal(learned(1.0), start)
