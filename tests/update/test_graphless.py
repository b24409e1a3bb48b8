"""What has no graph is no loss: named and refused in the first step, absent from its batch later."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import FAMO
from toy import TASKS, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])
NAMED = r"returned \['b'\] among the task losses, without a graph.*return None for a task that is absent"
WITHOUT_GRAPH: dict[str, Callable[[Tensor], Any]] = {
    "a metric": lambda _: torch.tensor(0.75),
    "a detached loss": lambda loss: loss.detach(),
    "a loss computed under no_grad": lambda loss: torch.tensor(loss.item() + 1),
    "NaN": lambda _: torch.tensor(torch.nan),
    "of shape [1]": lambda loss: loss.detach().reshape(1),
}
NO_LOSS: dict[str, tuple[Callable[[Tensor], Any], str]] = {
    "a float": (lambda _: 0.5, "must be a tensor with its graph, but is a float.*without `.item"),
    "an integer": (lambda _: 3, "must be a tensor with its graph, but is a int"),
    "a count": (lambda _: torch.tensor(3), "must be a floating-point tensor, but is torch.int64"),
    "a verdict": (lambda _: torch.tensor(True), "must be a floating-point tensor, but is torch.bool"),
    "a NumPy number": (
        lambda loss: loss.detach().numpy()[()],
        "must be a tensor with its graph, but is a float32.*without `.item",
    ),
}


class Odd(Toy):
    """Returns something else for task "b" in some batches.

    Args:
        make: What it returns, of the loss that it would be.
        batches: Where.
    """

    def __init__(self, make: Callable[[Tensor], Any], batches: tuple[int, ...]) -> None:
        super().__init__()
        self.make, self.batches = make, batches

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"b": self.make(losses["b"])} if batch_idx in self.batches else losses


def trained(module: Toy, method: Any, optimization: Any = "manual", **given: Any) -> MultiTaskCallback:
    callback = MultiTaskCallback(method, optimization, **given)
    quiet_trainer(callbacks=callback, max_epochs=1).fit(module, loader())
    return callback


@MODES
@pytest.mark.parametrize("make", WITHOUT_GRAPH.values(), ids=WITHOUT_GRAPH)
def test_the_first_step_refuses_it_by_name_and_trains_nothing(make: Any, optimization: Any) -> None:
    module = Odd(make, (0, 1, 2, 3, 4))
    before = {name: value.clone() for name, value in module.state_dict().items()}
    callback = MultiTaskCallback(GO4Align(), optimization)
    with pytest.raises(ValueError, match=NAMED):
        quiet_trainer(callbacks=callback).fit(module, loader())
    assert callback.tasks == []
    assert all(torch.equal(value, before[name]) for name, value in module.state_dict().items())


@MODES
@pytest.mark.parametrize("batches", [(0,), (2,)], ids=["first step", "third step"])
@pytest.mark.parametrize(("make", "message"), NO_LOSS.values(), ids=NO_LOSS)
def test_what_is_no_floating_point_tensor_is_refused_in_any_step(
    make: Any, message: str, batches: Any, optimization: Any
) -> None:
    with pytest.raises(TypeError, match=f"The loss of task 'b' {message}"):
        trained(Odd(make, batches), GO4Align(), optimization)


@MODES
@pytest.mark.parametrize(
    "method", [lambda: GO4Align(2, 1e-2), lambda: FAMO(3), UPGrad], ids=["GO4Align", "FAMO", "UPGrad"]
)
@pytest.mark.parametrize("make", WITHOUT_GRAPH.values(), ids=WITHOUT_GRAPH)
def test_later_it_is_absent_from_its_batch_to_the_bit_and_one_warning_says_so(
    make: Any, method: Any, optimization: Any
) -> None:
    torch.manual_seed(0)
    expected = Odd(lambda _: None, (1, 3))
    trained(expected, method(), optimization)
    torch.manual_seed(0)
    found = Odd(make, (1, 3))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback = trained(found, method(), optimization)
    told = [str(warning.message) for warning in caught if "have no graph" in str(warning.message)]
    assert [message.partition(":")[0] for message in told] == ["The losses of ['b'] have no graph"]
    assert callback.tasks == list(TASKS)
    assert all(map(torch.equal, found.parameters(), expected.parameters()))


@MODES
def test_a_declared_task_may_be_without_a_graph_from_the_first_step_on(optimization: Any) -> None:
    torch.manual_seed(0)
    expected = Odd(lambda _: None, (0,))
    trained(expected, GO4Align(), optimization, tasks=TASKS)
    torch.manual_seed(0)
    found = Odd(WITHOUT_GRAPH["a metric"], (0,))
    with pytest.warns(UserWarning, match=r"The losses of \['b'\] have no graph: these tasks are absent"):
        trained(found, GO4Align(), optimization, tasks=TASKS)
    assert all(map(torch.equal, found.parameters(), expected.parameters()))


@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
def test_the_loss_of_a_frozen_head_on_a_frozen_trunk_is_absent_and_not_refused() -> None:
    class Frozen(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.heads["b"].requires_grad_(False)

        @override
        def losses(self, batch: Any) -> Any:
            losses = super().losses(batch)
            with torch.no_grad():
                features = self.trunk(batch[0])
            return losses | {"b": self.heads["b"](features).square().mean()}

    with pytest.warns(UserWarning, match=r"The losses of \['b'\] have no graph"):
        callback = trained(Frozen(), GO4Align())
    assert callback.tasks == list(TASKS)


@pytest.mark.parametrize("batch", [0, 2], ids=["first step", "third step"])
def test_a_batch_of_which_no_loss_has_a_graph_is_an_error_that_says_what_to_return(batch: int) -> None:
    class Detached(Toy):
        @override
        def training_step(self, data: Any, batch_idx: int) -> Any:
            return {task: loss.detach() if batch_idx == batch else loss for task, loss in self.losses(data).items()}

    with pytest.raises(
        ValueError, match=r"None of the losses that `training_step` returned has a graph.*return None"
    ):
        trained(Detached(), GO4Align(), tasks=TASKS)


def test_a_task_of_a_checkpoint_may_be_without_a_graph_in_the_first_step_of_the_resume(tmp_path: Any) -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align()), max_epochs=1)
    trainer.fit(Toy(), loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    callback = MultiTaskCallback(GO4Align())
    with pytest.warns(UserWarning, match=r"The losses of \['b'\] have no graph"):
        quiet_trainer(callbacks=callback, max_epochs=2).fit(
            Odd(WITHOUT_GRAPH["a metric"], (0,)), loader(), ckpt_path=tmp_path / "one.ckpt"
        )
    assert callback.tasks == list(TASKS)
