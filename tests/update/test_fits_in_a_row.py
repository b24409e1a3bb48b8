"""Fits, validations and tests follow each other, and what a fit leaves behind is whole."""

import pickle
from copy import deepcopy
from typing import Any

import pytest
import torch
from both_modes import MODES
from torchjd.scalarization import Scalarizer
from toy import Toy, fitted, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

SHADOWED = {"training_step", "configure_optimizers", "backward", "run", "_clip_gradients", "log", "log_dict"}


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
    assert len(trainer.predict(module, loader())) == 5  # type: ignore[arg-type]  # `predict` may return None.
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


def test_a_copy_that_is_made_within_a_fit_holds_nothing_of_its_trainer() -> None:
    copies: list[MultiTaskCallback] = []

    class Copying(Toy):
        @override
        def on_train_batch_end(self, *_: Any) -> None:
            copies.append(deepcopy(callback))

    callback = MultiTaskCallback(GO4Align(2))
    quiet_trainer(callbacks=callback, max_epochs=1).fit(Copying(), loader())
    assert callback.read_steps() is not None
    assert copies[-1].read_steps() is None
    assert copies[-1].tasks == callback.tasks
