"""The same mechanism by inheritance."""

import pickle
from collections.abc import Mapping
from copy import deepcopy
from inspect import Parameter, signature
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.scalarization import Sum
from toy import BalancedToy, Toy, loader, quiet_trainer, weights_of
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, MultiTaskMixin, MultiTaskModule
from lightning_go4align.methods import SingleTask


class Small(MultiTaskModule):
    def __init__(self, method: Any, width: int = 4) -> None:
        super().__init__(method)
        self.save_hyperparameters()
        self.layer = torch.nn.Linear(4, width)

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        first, *others = (self.layer(batch[0]) - batch[1][:, None]).square().mean(0)
        return {"first": first, "others": sum(others)}

    @override
    def configure_optimizers(self) -> Any:
        return torch.optim.Adam(self.parameters())


def test_the_method_is_at_hand() -> None:
    method = GO4Align()
    assert Small(method).method is method


def test_nothing_of_the_method_hangs_in_the_module() -> None:
    module = Small(GO4Align())
    quiet_trainer().fit(module, loader())
    assert list(module.state_dict()) == ["layer.weight", "layer.bias"]


def test_the_callback_stands_first_whatever_the_user_overrides() -> None:
    class Wilful(BalancedToy):
        """Overrides all that could install the callback, without ``super()``."""

        def __init_subclass__(cls) -> None: ...

        @override
        def configure_optimizers(self) -> Any:
            return torch.optim.SGD(self.parameters(), 1e-3)

    class Heir(Wilful): ...

    module, trainer = Heir(GO4Align()), quiet_trainer()
    trainer.fit(module, loader())
    assert trainer.callbacks[0] is module.multi_task_callback  # type: ignore[attr-defined]  # Lightning's property has no type.
    assert module.multi_task_callback.tasks == ["a", "b", "c"]


def test_the_mixin_stands_before_a_module_that_exists() -> None:
    class Balanced(MultiTaskMixin, Toy): ...

    module, trainer = Balanced(Sum(), "automatic", normalized=True), quiet_trainer()
    trainer.fit(module, loader())
    assert trainer.global_step == 10


def test_a_copy_has_a_method_of_its_own() -> None:
    module = Small(GO4Align(1))
    quiet_trainer().fit(module, loader())
    twin = deepcopy(module)
    assert twin.method is not module.method
    assert torch.equal(twin.method.smoothness, module.method.smoothness)  # type: ignore[arg-type]  # None before the first step, which was.


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("balanced", [True, False], ids=["module", "callback"])
def test_a_method_that_asks_for_names_gets_them_through_both_doors(balanced: bool, optimization: Any) -> None:
    method = SingleTask("b")
    callback = None if balanced else MultiTaskCallback(method, optimization)
    module = BalancedToy(method, optimization) if balanced else Toy()
    quiet_trainer(callbacks=callback, max_epochs=1).fit(module, loader())
    assert weights_of(callback or module.multi_task_callback).tolist() == [0.0, 1.0, 0.0]  # type: ignore[arg-type]  # One of the two is there.


@pytest.mark.filterwarnings("error")
def test_a_checkpoint_loads_with_the_method_given_anew(tmp_path: Any) -> None:
    module, trainer = Small(GO4Align(1), width=3), quiet_trainer()
    trainer.fit(module, loader())
    trainer.save_checkpoint(tmp_path / "small.ckpt")
    loaded = Small.load_from_checkpoint(tmp_path / "small.ckpt", method=GO4Align(1), weights_only=True)
    assert loaded.hparams == {"width": 3}
    assert torch.equal(loaded.layer.weight, module.layer.weight)


def test_the_step_without_a_trainer_returns_the_losses() -> None:
    losses = Small(GO4Align()).training_step(next(iter(loader())), 0)
    assert list(losses) == ["first", "others"]


def test_a_module_is_a_lightning_module() -> None:
    assert issubclass(MultiTaskModule, pl.LightningModule)


def test_a_second_fit_in_another_trainer_goes_on() -> None:
    module = Small(GO4Align(1))
    for _ in range(2):
        trainer = quiet_trainer()
        trainer.fit(module, loader())
        assert [type(callback) for callback in trainer.callbacks].count(MultiTaskCallback) == 1  # type: ignore[attr-defined]  # Lightning's property has no type.


class Forward(MultiTaskModule):
    """What is needed to hand a module on to others."""

    def __init__(self) -> None:
        super().__init__(GO4Align())
        self.layer = torch.nn.Linear(4, 2)

    @override
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        made: torch.Tensor = self.layer(x)
        return made


@pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore:.*to_torchscript")
@pytest.mark.parametrize(
    "handed_on",
    [
        lambda module, x: module.to_torchscript(method="script"),
        lambda module, x: module.to_torchscript(method="trace", example_inputs=x),
        lambda module, x: torch.export.export(module, (x,)).module(),
        lambda module, x: torch.compile(module, backend="eager"),
        lambda module, x: deepcopy(module),
        lambda module, x: pickle.loads(pickle.dumps(module)),
    ],
    ids=["script", "trace", "export", "compile", "copy", "pickle"],
)
def test_it_is_handed_on_as_any_module_is(handed_on: Any) -> None:
    module, x = Forward().eval(), torch.randn(3, 4)
    assert torch.equal(handed_on(module, x)(x), module(x))


def arguments(kind: type) -> Mapping[str, Parameter]:
    return {name: argument for name, argument in signature(kind).parameters.items() if name != "kwargs"}


@pytest.mark.parametrize("kind", [MultiTaskMixin, MultiTaskModule])
def test_it_takes_what_the_callback_takes(kind: type) -> None:
    assert arguments(kind) == arguments(MultiTaskCallback)


@pytest.mark.parametrize("balanced", [True, False], ids=["module", "callback"])
def test_the_progress_bar_shows_what_was_asked_for_through_both_doors(balanced: bool) -> None:
    class Balanced(MultiTaskMixin, Toy): ...

    shown = ("loss/b", "weight/a")
    module = Balanced(GO4Align(), prog_bar=shown) if balanced else Toy()
    callback = None if balanced else MultiTaskCallback(GO4Align(), prog_bar=shown)
    trainer = quiet_trainer(callbacks=callback, max_epochs=1, log_every_n_steps=1, enable_progress_bar=True)
    trainer.fit(module, loader())
    assert trainer.progress_bar_metrics.keys() >= set(shown)
    assert "objective" not in trainer.progress_bar_metrics
