"""Every kind of ``training_step`` that Lightning takes, and what becomes of what it returns."""

import functools
import weakref
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from both_modes import MODES
from torchjd.scalarization import Sum
from toy import Toy, fitted, loader, outcome
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


def decorated(step: Any) -> Any:
    @functools.wraps(step)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return step(*args, **kwargs)

    return wrapper


class OneArgument(Toy):
    @override
    def training_step(self, batch: Any) -> Any:  # type: ignore[override]  # Lightning takes these signatures too.
        return self.losses(batch)


class KeywordOnly(Toy):
    @override
    def training_step(self, batch: Any, *, batch_idx: int = -1) -> Any:  # type: ignore[override]  # Lightning takes these signatures too.
        return self.losses(batch)


class Decorated(Toy):
    @override
    @decorated
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.losses(batch)


def of_the_batch_alone(step: Any) -> Any:
    """Two decorators, of which the inner one changes the signature: Lightning sees behind the outer one alone."""

    @functools.wraps(step)
    def inner(self: Any, batch: Any, batch_idx: int) -> Any:
        return step(self, batch)

    return decorated(inner)


class DoublyDecorated(Toy):
    @override
    @of_the_batch_alone
    def training_step(self, batch: Any) -> Any:
        return self.losses(batch)


class Drawing(Toy):
    @override
    def training_step(self, dataloader_iter: Any) -> Any:  # type: ignore[override]  # Lightning takes these signatures too.
        return self.losses(next(dataloader_iter)[0])


class InMapping(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return {"task_losses": self.losses(batch), "predictions": self.trunk(batch[0])}


class Override(InMapping):
    """One that calls its parent's step gets the raw losses."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return super().training_step(batch, batch_idx)["task_losses"]


@pytest.mark.filterwarnings("ignore:.*`dataloader_iter`")
@MODES
@pytest.mark.parametrize("kind", [OneArgument, KeywordOnly, Decorated, DoublyDecorated, Drawing, InMapping, Override])
def test_every_signature_trains_the_same_bits(kind: type[Toy], optimization: Optimization) -> None:
    torch.manual_seed(0)
    found = outcome(kind(), MultiTaskCallback(Sum(), optimization))
    torch.manual_seed(0)
    expected = outcome(Toy(), MultiTaskCallback(Sum(), optimization))
    assert all(torch.equal(found.parameters[name], value) for name, value in expected.parameters.items())


@MODES
def test_a_partial_may_be_the_step(optimization: Optimization) -> None:
    module = Toy()
    module.training_step = functools.partial(lambda scale, batch, batch_idx: module.losses(batch), 2)  # type: ignore[method-assign]  # As a user does in a notebook.
    assert fitted(Sum(), module, optimization).tasks == ["a", "b", "c"]


class Keeper(pl.Callback):
    """Keeps what ``on_train_batch_end`` is given, and a weak reference to a tensor of the step's graph."""

    def __init__(self) -> None:
        self.outputs: list[dict[str, Any]] = []

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        self.outputs.append(outputs)


@MODES
@pytest.mark.parametrize("batches", [1, 2])
def test_the_outputs_are_the_objective_the_losses_and_what_else_the_step_returned(
    optimization: Optimization, batches: int
) -> None:
    keeper = Keeper()
    options = {"accumulate_grad_batches": batches, "max_epochs": 1}
    callback = fitted(Sum(), InMapping(), optimization, callbacks=[keeper], **options)
    last = keeper.outputs[-1]
    assert last.keys() == {"loss", "task_losses", "predictions"}
    assert last["loss"] == sum(last["task_losses"].values()) / batches
    assert list(last["task_losses"]) == callback.tasks


@MODES
def test_the_graph_is_freed_after_the_step(optimization: Optimization) -> None:
    references = []

    class Watched(Toy):
        @override
        def losses(self, batch: Any) -> Any:
            hidden = self.trunk(batch[0])
            references.append(weakref.ref(hidden))
            return {task: head(hidden).square().mean() for task, head in self.heads.items()}

    class Keeping(Keeper):
        @override
        def on_train_batch_end(self, *args: Any) -> None:
            super().on_train_batch_end(*args)
            assert references[-1]() is None

    fitted(GO4Align(), Watched(), optimization, callbacks=[Keeping()])
    assert len(references) == 10


@MODES
@pytest.mark.parametrize("batches", [1, 3])
@pytest.mark.filterwarnings("ignore:`training_step` returned `None`")
def test_a_step_without_any_task_is_skipped(optimization: Optimization, batches: int) -> None:
    torch.manual_seed(0)
    expected = outcome(Toy(skipped=3), MultiTaskCallback(Sum(), optimization), accumulate_grad_batches=batches)

    class Empty(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = super().training_step(batch, batch_idx)
            return losses if batch_idx % 3 != 1 else dict.fromkeys(losses)

    torch.manual_seed(0)
    found = outcome(Empty(), MultiTaskCallback(Sum(), optimization), accumulate_grad_batches=batches)
    assert found.steps == expected.steps
    assert all(torch.equal(found.parameters[name], value) for name, value in expected.parameters.items())


def test_everybody_sees_the_automatic_optimization_that_the_module_was_written_for() -> None:
    seen: dict[str, set[bool]] = {"step": set(), "batch end": set(), "validation": set()}

    class Watched(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            seen["step"].add(self.automatic_optimization)
            return self.losses(batch)

        @override
        def on_train_batch_end(self, *_: Any) -> None:
            seen["batch end"].add(self.automatic_optimization)

        @override
        def validation_step(self, batch: Any, batch_idx: int) -> None:
            seen["validation"].add(self.automatic_optimization)

    outcome(Watched(), MultiTaskCallback(Sum()))
    assert seen == {"step": {True}, "batch end": {True}, "validation": {True}}


def test_the_step_gives_raw_losses_without_a_trainer() -> None:
    module = Toy()
    batch = next(iter(loader()))
    assert list(module.training_step(batch, 0)) == ["a", "b", "c"]
