"""Losses as bad as they come, through the Trainer."""

from typing import Any

import pytest
import torch
from hostile_losses import HOSTILE, METHODS, Bad
from torch import Tensor
from torchjd.aggregation import MGDA
from toy import TASKS, Toy, fitted, last, outcome, weights_of
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import GroupedAggregator
from lightning_go4align.update.task_losses import StepOutput, stack_losses


def tensors(state: Any) -> list[Tensor]:
    if isinstance(state, Tensor):
        return [state]
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors(part)]


BEYOND = [  # What these methods of TorchJD do not take.
    ("negative", "FAMO"),
    ("1e38", "DWA"),
    ("1e38", "UPGrad"),
    ("NaN, as its gradient", "UPGrad"),
]
WITHIN = [(hostile, method) for hostile in HOSTILE for method in METHODS if (hostile, method) not in BEYOND]
WITHIN.remove(("negative", "AGRM of FAMO"))  # Whose weights are 0, which is a warning of its own.


@pytest.mark.filterwarnings("ignore:The loss of task")
@pytest.mark.parametrize(("hostile", "method"), BEYOND)
def test_a_loss_that_a_method_does_not_take_is_an_error_that_says_so(hostile: str, method: str) -> None:
    mend = "Mend: take `RobustGO4Align`" if hostile == "negative" else "add a constant or change their unit"
    with pytest.raises(ValueError, match=f"found no finite weight for .* {mend}"):
        fitted(METHODS[method](), Bad(HOSTILE[hostile]), max_epochs=4)


@pytest.mark.filterwarnings("ignore:The loss of task")
@pytest.mark.filterwarnings("ignore:The losses of")
@pytest.mark.filterwarnings("ignore:No loss is finite any more")
@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
@pytest.mark.parametrize(("hostile", "method"), WITHIN)
def test_no_loss_poisons_the_state_or_the_weights(hostile: str, method: str) -> None:
    callback = fitted(METHODS[method](), Bad(HOSTILE[hostile]), max_epochs=1)
    weights = last(callback).weights
    state = callback.state_dict()["state"]
    assert all(tensor.isfinite().all() for tensor in tensors(state) if tensor.is_floating_point())
    assert weights is None or bool(weights.isfinite().all())


@pytest.mark.filterwarnings("ignore:The loss of task")
@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
@pytest.mark.parametrize("hostile", ["NaN", "infinite", "coming and going", "never there", "negative"])
def test_a_loss_that_cannot_be_weighed_has_weight_0_and_its_state_stays(hostile: str) -> None:
    method = GO4Align(2, 1e-2)
    steps: list[Tensor | None] = []
    torch.manual_seed(0)  # Both modules begin alike.
    callback = fitted(method, Bad(HOSTILE[hostile]), max_epochs=1, limit_train_batches=2)
    assert weights_of(callback)[1] == 0
    steps.append(method.smoothness)
    torch.manual_seed(0)
    without = fitted(GO4Align(2, 1e-2), Bad(HOSTILE["never there"]), max_epochs=1, limit_train_batches=2)
    if hostile != "coming and going":
        assert torch.equal(weights_of(callback), weights_of(without))


def test_all_equal_losses_share_one_weight() -> None:
    class Equal(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return {task: self.losses(batch)["a"] for task in TASKS}

    assert weights_of(fitted(GO4Align(), Equal())) == pytest.approx(torch.ones(3))


def test_one_task_alone_has_weight_1() -> None:
    class Alone(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return {"a": self.losses(batch)["a"]}

    assert weights_of(fitted(GO4Align(1), Alone())) == pytest.approx(torch.ones(1))


def test_groups_of_gradients_keep_the_place_of_an_absent_task() -> None:
    method = GroupedAggregator(MGDA(), 2)
    signals = last(fitted(method, Bad(HOSTILE["coming and going"]), max_epochs=1, limit_train_batches=2))
    assert signals.indicators is not None
    assert signals.grouping is not None
    assert signals.indicators.isnan().tolist() == [False, True, False]
    assert (signals.grouping.assignment < 0).tolist() == [False, True, False]
    assert signals.weights == pytest.approx(signals.grouping.task_weights)


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        (
            torch.ones((), device="meta", requires_grad=True),
            "The loss of task 'b' must have a value, .* Compute it on",
        ),
        (torch.ones(()).to(torch.float8_e4m3fn), "The loss of task 'b' must have a dtype .* in float32"),
    ],
    ids=["meta", "float8"],
)
def test_a_loss_that_nothing_can_be_computed_with_is_refused_by_name(loss: torch.Tensor, said: str) -> None:
    good = torch.ones((), requires_grad=True)
    with pytest.raises(TypeError, match=said):
        stack_losses(["a", "b"], StepOutput({"a": good, "b": loss}), torch.device("cpu"))


def test_a_loss_on_another_device_comes_to_the_others_with_its_graph() -> None:
    here, there = (torch.ones((), device=device, requires_grad=True) for device in ("cpu", "meta"))
    losses = stack_losses(["a", "b"], StepOutput({"a": here, "b": there}), torch.device("meta"))
    assert (losses.device.type, losses.shape) == ("meta", (2,))
    assert all(graph is not None for graph, _ in losses.grad_fn.next_functions)  # type: ignore[union-attr]  # A loss with a graph has it.


@pytest.mark.gpu
def test_a_loss_in_host_memory_trains_with_the_others_on_an_accelerator() -> None:
    module = Bad(lambda loss, _: loss.cpu())
    callback = fitted(GO4Align(), module, accelerator="gpu", devices=1)
    assert weights_of(callback).device.type == "cuda"


@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
def test_an_absent_task_trains_nothing_of_its_own() -> None:
    torch.manual_seed(0)
    module = Bad(HOSTILE["never there"])
    before = module.heads["b"].weight.detach().clone()  # type: ignore[operator]  # It may be a tensor or a module.
    outcome(module, MultiTaskCallback(GO4Align()))
    assert torch.equal(module.heads["b"].weight, before)  # type: ignore[arg-type]  # It may be a tensor or a module.
