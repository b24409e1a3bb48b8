"""Several optimizers, which automatic optimization cannot have."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.plugins import MixedPrecision
from torch.optim.lr_scheduler import ReduceLROnPlateau, StepLR
from torchjd.aggregation import MGDA
from torchjd.scalarization import Sum
from toy import TASKS, Toy, fitted, loader, outcome, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


def trunk_and_heads(module: Toy) -> Any:
    trunk = torch.optim.SGD(module.trunk.parameters(), 1e-3)
    heads = torch.optim.SGD(module.heads.parameters(), 1e-2)
    plateau = ReduceLROnPlateau(heads, mode="max", patience=0)
    return [trunk, heads], [
        {"scheduler": StepLR(trunk, 1, 0.5), "interval": "step", "frequency": 2},
        {"scheduler": plateau, "monitor": "val/total"},
    ]


def one_per_head(module: Toy) -> Any:
    return [torch.optim.SGD(part.parameters(), 1e-3) for part in (module.trunk, *module.heads.values())]


def one_for_all(module: Toy) -> Any:
    return torch.optim.SGD(module.parameters(), 1e-3)


def by_hand(method: Any, number: int, clip: float | None = None) -> dict[str, torch.Tensor]:
    """Two epochs in plain torch, accumulating ``number`` batches."""
    torch.manual_seed(0)
    module = Toy(one_for_all)
    optimizer = module.configure_optimizers()
    for _ in range(2):
        batches = list(loader())
        for i, batch in enumerate(batches):
            if i % number == 0:
                optimizer.zero_grad()
            (method(torch.stack(list(module.losses(batch).values()))) / number).backward()
            if (i + 1) % number == 0 or i + 1 == len(batches):
                for parameter in module.parameters() if clip else ():
                    parameter.grad.clamp_(-clip, clip)  # type: ignore[operator, union-attr]  # After the backward pass there is one.
                optimizer.step()
    return module.state_dict()


@pytest.mark.parametrize("method", [Sum, lambda: GO4Align(2, 1e-2)], ids=["Sum", "GO4Align"])
def test_one_optimizer_per_head_gives_the_bits_of_a_loop_in_plain_torch(method: Any) -> None:
    torch.manual_seed(0)
    options: dict[str, Any] = {
        "accumulate_grad_batches": 3,
        "gradient_clip_val": 0.5,
        "gradient_clip_algorithm": "value",
    }
    found = outcome(Toy(one_per_head), MultiTaskCallback(method()), **options)
    expected = by_hand(method(), 3, clip=0.5)
    assert all(torch.equal(found.parameters[name], value) for name, value in expected.items())


def test_a_batch_is_one_global_step_however_many_optimizers() -> None:
    assert outcome(Toy(one_per_head), MultiTaskCallback(Sum())).steps == (10, 10)


def test_every_optimizer_keeps_its_scheduler_and_its_monitor() -> None:
    rates = outcome(Toy(trunk_and_heads), MultiTaskCallback(Sum()), max_epochs=3).rates
    # The first is halved twice in each of three epochs; the second look finds no rise, the third comes too late.
    assert rates[-1] == pytest.approx([1e-3 * 0.5**6, 1e-3])


def test_every_optimizer_is_cleared_before_it_accumulates() -> None:
    hooks = [name for name, _ in outcome(Toy(one_per_head), MultiTaskCallback(Sum()), max_epochs=1).hooks]
    assert [hooks.count(name) for name in ("optimizer_zero_grad", "optimizer_step", "backward")] == [20, 20, 5]


@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
def test_heads_without_a_loss_are_left_alone() -> None:
    torch.manual_seed(0)
    module = Toy(one_per_head)
    before = {name: value.clone() for name, value in module.heads["b"].state_dict().items()}
    module.training_step = lambda batch, batch_idx: module.losses(batch) | {"b": None}  # type: ignore[method-assign]  # As a user does in a notebook.
    fitted(GO4Align(), module)
    assert all(torch.equal(value, before[name]) for name, value in module.heads["b"].state_dict().items())
    assert tuple(module.heads) == TASKS


def test_an_aggregator_may_have_several_optimizers() -> None:
    torch.manual_seed(0)
    several = outcome(Toy(one_per_head), MultiTaskCallback(MGDA()))
    torch.manual_seed(0)
    one = outcome(Toy(one_for_all), MultiTaskCallback(MGDA(), "automatic"))
    assert all(torch.equal(several.parameters[name], value) for name, value in one.parameters.items())


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_an_optimizer_that_stands_on_the_instance_is_used_and_stays(optimization: Optimization) -> None:
    module = Toy()
    on_instance = module.configure_optimizers = lambda: torch.optim.SGD(  # type: ignore[method-assign]  # As a user does in a notebook.
        module.parameters(), 0.125
    )  # As the CLI does.
    assert outcome(module, MultiTaskCallback(Sum(), optimization)).rates[-1] == [0.125]
    assert vars(module)["configure_optimizers"] is on_instance


def test_automatic_optimization_refuses_several_optimizers() -> None:
    with pytest.raises(MisconfigurationException, match="optimization='manual'"):
        fitted(Sum(), Toy(one_per_head), "automatic")


def test_a_module_without_an_optimizer_runs() -> None:
    class Still(Toy):
        def configure_optimizers(self) -> None:
            return None

    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()))
    with pytest.warns(UserWarning, match="this fit will run with no optimizer"):
        trainer.fit(Still(), loader())
    assert trainer.global_step == 10


def test_the_fp16_scale_is_that_of_the_one_backward_pass_for_every_optimizer() -> None:
    def moves(plugins: list[Any]) -> list[float]:
        torch.manual_seed(0)
        module = Toy(lambda toy: [torch.optim.SGD(part.parameters(), 1e-3) for part in (toy.trunk, toy.heads)])
        before = [parameter.detach().clone() for parameter in module.parameters()]
        quiet_trainer(max_steps=1, callbacks=[MultiTaskCallback(Sum())], plugins=plugins).fit(module, loader())
        return [float((a - b).detach().norm()) for a, b in zip(module.parameters(), before, strict=True)]

    # A scale that doubles with each update.
    scaler = torch.amp.GradScaler("cpu", init_scale=8.0, growth_interval=1)
    assert moves([MixedPrecision("16-mixed", "cpu", scaler)]) == pytest.approx(moves([]), rel=0.1)


def test_the_fp16_scale_is_updated_where_the_last_optimizer_rests() -> None:
    class Alternating(Toy):
        @override
        def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
            if optimizer.param_groups[0]["lr"] == 1e-3 or batch_idx % 2 == 0:
                super().optimizer_step(epoch, batch_idx, optimizer, optimizer_closure)

    module = Alternating(
        lambda toy: [torch.optim.SGD(toy.trunk.parameters(), 1e-3), torch.optim.SGD(toy.heads.parameters(), 1e-4)]
    )
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=8.0))
    trainer = quiet_trainer(max_epochs=1, callbacks=[MultiTaskCallback(Sum())], plugins=[plugin])
    trainer.fit(module, loader())
    assert trainer.global_step == 5


def test_a_fit_that_fails_before_it_starts_leaves_the_module_as_it_was() -> None:
    class Failing(pl.Callback):
        @override
        def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
            raise RuntimeError("too early")

    module, callback = Toy(one_per_head), MultiTaskCallback(Sum())
    with pytest.raises(RuntimeError, match="too early"):
        quiet_trainer(callbacks=[Failing(), callback]).fit(module, loader())
    assert module.automatic_optimization
    quiet_trainer(callbacks=[callback]).fit(module, loader())
