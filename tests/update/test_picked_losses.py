"""Losses that a callable picks out of what the step returns, whatever that is."""

from collections import OrderedDict
from typing import Any

import pytest
import torch
from torchjd.aggregation import UPGrad
from toy import TASKS, BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback


class ModelOutput(OrderedDict[str, Any]):
    """As Hugging Face's: a dictionary with attributes."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(name) from None


class Kept(Toy):
    """Returns one loss, in some shape, and keeps its parts."""

    shape: Any = staticmethod(lambda total: total)

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.parts = self.losses(batch)
        return self.shape(sum(self.parts.values()))


class BalancedKept(BalancedToy, Kept): ...


SHAPES = {
    "tensor": lambda total: total,
    "dictionary": lambda total: {"loss": total, "logits": 3},
    "ModelOutput": lambda total: ModelOutput(loss=total, logits=3),
    "tuple": lambda total: (total, 3),
}


def parts(module: Any, output: Any, batch: Any) -> Any:
    return module.parts


def parameters(module: Toy) -> Any:
    return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])


def trained(module: Toy, *callbacks: Any, **options: Any) -> Any:
    quiet_trainer(max_epochs=1, callbacks=list(callbacks), **options).fit(module, loader())
    return parameters(module)


def made(kind: type[Toy], **options: Any) -> Any:
    torch.manual_seed(0)
    return kind(**options)


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("method", [lambda: GO4Align(2), UPGrad], ids=["GO4Align", "UPGrad"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_picked_losses_train_as_returned_ones(shape: Any, method: Any, optimization: Any) -> None:
    module = made(Kept)
    module.shape = shape
    options = {"accumulate_grad_batches": 2, "gradient_clip_val": 0.5}
    found = trained(module, MultiTaskCallback(method(), optimization, losses=parts), **options)
    expected = trained(made(Toy), MultiTaskCallback(method(), optimization), **options)
    assert torch.equal(found, expected)


def test_a_module_picks_by_its_own_argument() -> None:
    found = trained(made(BalancedKept, method=GO4Align(2), losses=parts))
    assert torch.equal(found, trained(made(Toy), MultiTaskCallback(GO4Align(2))))


@pytest.mark.parametrize(
    ("picked", "error", "said"),
    [
        (lambda module, *_: list(module.parts.values()), TypeError, r"`losses` \(.*returned a list"),
        (lambda module, *_: module.parts["a"], TypeError, r"`losses` \(.*returned a Tensor"),
        (lambda module, *_: {}, ValueError, r"`losses` \(.*returned no task at all"),
        (lambda module, *_: {"a": 1.0}, TypeError, "loss of task 'a' must be a tensor"),
        (lambda module, *_: {"a": module.parts["a"].detach()}, ValueError, r"`losses` \(.*has a graph"),
        (lambda module, *_: module.missing, AttributeError, "missing"),
    ],
    ids=["list", "tensor", "empty", "number", "detached", "its own error"],
)
def test_what_a_callable_gets_wrong_is_said_of_the_callable(picked: Any, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        trained(made(Kept), MultiTaskCallback(GO4Align(2), losses=picked))


def test_other_tasks_later_are_refused() -> None:
    def moody(module: Any, output: Any, batch: Any) -> Any:
        return module.parts | ({"z": module.parts["a"]} if module.trainer.global_step else {})

    with pytest.raises(ValueError, match=r"`losses` \(.*moody\) returned the tasks \['z'\]"):
        trained(made(Kept), MultiTaskCallback(GO4Align(2), losses=moody))


def test_a_step_of_none_skips_the_batch_and_the_callable() -> None:
    class Skipping(Kept):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return None if batch_idx == 1 else super().training_step(batch, batch_idx)

    seen: list[Any] = []

    def pick(module: Any, output: Any, batch: Any) -> Any:
        seen.append(output)
        return module.parts

    callback = MultiTaskCallback(GO4Align(2), losses=pick)
    with pytest.warns(UserWarning, match="`training_step` returned `None`"):
        trained(made(Skipping), callback)
    assert (len(seen), callback.tasks) == (4, list(TASKS))


@pytest.mark.parametrize(
    "given", [3, "a", lambda: {}, lambda module: {}], ids=["number", "word", "no argument", "one argument"]
)
def test_what_cannot_pick_is_refused_at_construction(given: Any) -> None:
    with pytest.raises(TypeError, match="the module, what its `training_step` returned and the batch"):
        MultiTaskCallback(GO4Align(2), losses=given)
