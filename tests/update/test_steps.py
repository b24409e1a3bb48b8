"""Every kind of ``training_step`` that Lightning takes, and what becomes of what it returns."""

import functools
import pickle
import weakref
from copy import deepcopy
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.aggregation import MGDA, Aggregator
from torchjd.scalarization import Scalarizer, Sum
from toy import Toy, fitted, loader, outcome, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

SHADOWED = {"training_step", "configure_optimizers", "backward", "run", "_clip_gradients", "log", "log_dict"}
MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])


def decorated(step: Any) -> Any:
    @functools.wraps(step)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        return step(*args, **kwargs)

    return wrapper


class OneArgument(Toy):
    @override
    def training_step(self, batch: Any) -> Any:  # type: ignore[override]
        return self.losses(batch)


class KeywordOnly(Toy):
    @override
    def training_step(self, batch: Any, *, batch_idx: int = -1) -> Any:  # type: ignore[override]
        return self.losses(batch)


class Decorated(Toy):
    @override
    @decorated
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return self.losses(batch)


class DoublyDecorated(Toy):
    @override
    @decorated
    @decorated
    def training_step(self, batch: Any) -> Any:
        return self.losses(batch)


class Drawing(Toy):
    @override
    def training_step(self, dataloader_iter: Any) -> Any:  # type: ignore[override]
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
    module.training_step = functools.partial(lambda scale, batch, batch_idx: module.losses(batch), 2)  # type: ignore[method-assign]
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


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
@MODES
def test_module_and_trainer_are_as_before_after_an_error(
    error: type[BaseException], optimization: Optimization
) -> None:
    module = Toy()
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align(), optimization))

    def fail(*_: Any) -> None:
        raise error("in the step")

    module.heads["b"].register_forward_hook(fail)
    with pytest.raises((error, SystemExit)):
        trainer.fit(module, loader())
    loop = trainer.fit_loop.epoch_loop.automatic_optimization
    left = [vars(place).keys() & SHADOWED for place in (module, loop, trainer.precision_plugin)]
    assert (left, module.automatic_optimization) == ([set(), set(), set()], True)


@MODES
def test_a_module_can_be_copied_and_pickled_after_a_fit(optimization: Optimization) -> None:
    module = Toy(torch_adam)
    fitted(GO4Align(), module, optimization)
    twin = pickle.loads(pickle.dumps(deepcopy(module)))
    assert all(map(torch.equal, twin.parameters(), module.parameters()))


def torch_adam(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.Adam(module.parameters(), 1e-2)


@MODES
def test_fit_validate_test_and_predict_follow_each_other(optimization: Optimization) -> None:
    class Full(Toy):
        test_step = Toy.validation_step

        @override
        def predict_step(self, batch: Any, batch_idx: int) -> Any:
            return self.losses(batch)["a"]

    module, trainer = Full(), quiet_trainer(callbacks=MultiTaskCallback(GO4Align(), optimization))
    trainer.fit(module, loader(), loader(16))
    trainer.validate(module, loader(), verbose=False)
    trainer.test(module, loader(), verbose=False)
    assert len(trainer.predict(module, loader())) == 5  # type: ignore[arg-type]
    trainer.fit_loop.max_epochs = 3
    trainer.fit(module, loader(), loader(16))
    assert trainer.global_step == 15


@MODES
def test_fitting_twice_goes_on_where_the_first_ended(optimization: Optimization) -> None:
    torch.manual_seed(0)
    twice, callback = Toy(), MultiTaskCallback(GO4Align(2, 1e-2), optimization)
    for _ in range(2):
        quiet_trainer(callbacks=callback, max_epochs=1).fit(twice, loader())
    torch.manual_seed(0)
    method, by_hand = GO4Align(2, 1e-2), Toy()
    for _ in range(2):
        optimizer = by_hand.configure_optimizers()
        for batch in loader():
            optimizer.zero_grad()
            method(torch.stack(list(by_hand.losses(batch).values()))).backward()
            optimizer.step()
    assert all(map(torch.equal, twice.parameters(), by_hand.parameters()))


def test_the_step_gives_raw_losses_without_a_trainer() -> None:
    module = Toy()
    batch = next(iter(loader()))
    assert list(module.training_step(batch, 0)) == ["a", "b", "c"]


class Thawing(Toy):
    """Its first layer is frozen in the first epoch, its heads in the third."""

    def __init__(self) -> None:
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1e-4))
        self.neck = torch.nn.Linear(8, 8)
        self.trunk.requires_grad_(False)

    @override
    def on_train_epoch_start(self) -> None:
        self.trunk.requires_grad_(self.current_epoch > 0)
        self.heads.requires_grad_(self.current_epoch < 2)

    @override
    def losses(self, batch: Any) -> dict[str, torch.Tensor]:
        features = self.neck(self.trunk(batch[0])).tanh()
        return {task: (head(features)[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}


@MODES
def test_an_aggregator_trains_what_is_thawed_later_as_a_scalarizer_does(optimization: Optimization) -> None:
    class SumOfGradients(Aggregator):
        @override
        def forward(self, matrix: torch.Tensor, /) -> torch.Tensor:
            return matrix.sum(0)

    def trained(method: Any) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        module = Thawing()
        quiet_trainer(max_epochs=3, callbacks=[MultiTaskCallback(method, optimization)]).fit(module, loader())
        return module.state_dict()

    torch.testing.assert_close(trained(SumOfGradients()), trained(Sum()))


def test_a_callback_forgets_the_bad_steps_of_an_earlier_fit() -> None:
    class Diverging(Scalarizer):
        factor = float("nan")

        @override
        def forward(self, losses: torch.Tensor, /) -> torch.Tensor:
            return losses.sum() * self.factor

    method = Diverging()
    callback = MultiTaskCallback(method)
    with pytest.raises(ValueError, match="found no finite weight for 'a' in step"):
        quiet_trainer(callbacks=[callback], max_epochs=1, limit_train_batches=1).fit(Toy(), loader())
    method.factor = 1.0
    quiet_trainer(callbacks=[callback]).fit(Toy(), loader())


class Middle(Thawing):
    """A layer that "b" and "c" share; a head is thawed at a batch that lacks "c"."""

    def __init__(self) -> None:
        super().__init__()
        self.middle = torch.nn.Linear(8, 8)
        self.heads["a"].requires_grad_(False)

    @override
    def on_train_epoch_start(self) -> None: ...

    @override
    def losses(self, batch: Any) -> dict[str, torch.Tensor]:
        features = self.neck(batch[0].repeat(1, 2)).tanh()
        inputs = {"a": features, "b": self.middle(features), "c": self.middle(features)}
        return {task: (head(inputs[task])[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if batch_idx < 2:
            self.heads["a"].requires_grad_(batch_idx > 0)
        return self.losses(batch) | ({"c": None} if batch_idx == 1 else {})


def test_a_batch_without_a_task_does_not_forget_what_is_shared() -> None:
    module, callback = Middle(), MultiTaskCallback(MGDA())
    quiet_trainer(max_epochs=1, callbacks=[callback], limit_train_batches=2).fit(module, loader())
    shared = {id(parameter) for parameter in callback._memory.driver.shared_parameters}  # type: ignore[attr-defined]
    assert {id(parameter) for parameter in module.middle.parameters()} <= shared
