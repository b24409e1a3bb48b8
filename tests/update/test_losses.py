"""Losses as bad as they come, through the Trainer."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor
from torchjd.aggregation import MGDA, UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Sum
from toy import TASKS, Toy, fitted, last, loader, outcome, quiet_trainer, weights_of
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import SI, FixedWeights, GroupedAggregator, GroupedScalarizer
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.task_losses import StepOutput, stack_losses

Hostile = Callable[[Tensor, int], Tensor | None]


class Bad(Toy):
    """A toy whose task "b" has a hostile loss.

    Args:
        hostile: The loss of "b" from what it would be and the number of the batch.
    """

    def __init__(self, hostile: Hostile) -> None:
        super().__init__()
        self.hostile = hostile

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"b": self.hostile(losses["b"], batch_idx)}


HOSTILE: dict[str, Hostile] = {
    "zero": lambda loss, _: loss * 0,
    "negative": lambda loss, _: -loss,
    "subnormal": lambda loss, _: loss * 0 + 1e-40,
    "1e38": lambda loss, _: loss / loss.detach() * 1e38,
    "NaN at the first step": lambda loss, i: loss + (torch.nan if i == 0 else 0),
    "NaN": lambda loss, _: loss + torch.nan,
    "NaN, as its gradient": lambda loss, _: loss * torch.nan,  # Which no weight can keep from the trunk.
    "infinite": lambda loss, _: loss + torch.inf,
    "infinite at times": lambda loss, i: loss + (torch.inf if i == 2 else 0),
    "without a graph at times": lambda loss, i: loss.detach() if i % 2 else loss,
    "dominating": lambda loss, _: loss * 1e12,
    "coming and going": lambda loss, i: None if i % 2 else loss,
    "never there": lambda *_: None,
    "a vector of one": lambda loss, _: loss.reshape(1),
    "of another precision": lambda loss, _: loss.double(),
}
METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2, 1e-2),
    "GO4Align, automatic number": lambda: GO4Align(None, 1e-2, clustering=AutomaticKMeans()),
    "SI": SI,
    "Sum": Sum,
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "AGRM of FAMO": lambda: GroupedScalarizer(FAMO(3), 2),
    "UPGrad": UPGrad,
}


def tensors(state: Any) -> list[Tensor]:
    if isinstance(state, Tensor):
        return [state]
    parts = state.values() if isinstance(state, dict) else state if isinstance(state, list | tuple) else ()
    return [tensor for part in parts for tensor in tensors(part)]


BEYOND = [  # What these methods of TorchJD do not take.
    ("negative", "FAMO"),
    ("subnormal", "SI"),
    ("1e38", "DWA"),
    ("1e38", "UPGrad"),
    ("NaN, as its gradient", "UPGrad"),
]
WITHIN = [(hostile, method) for hostile in HOSTILE for method in METHODS if (hostile, method) not in BEYOND]
WITHIN.remove(("negative", "AGRM of FAMO"))  # Whose weights are 0, which is a warning of its own.


@pytest.mark.filterwarnings("ignore:The loss of task")
@pytest.mark.parametrize(("hostile", "method"), BEYOND)
def test_a_loss_that_a_method_does_not_take_is_an_error_that_says_so(hostile: str, method: str) -> None:
    with pytest.raises(ValueError, match=r"found no finite weight for .* add a constant or change their unit"):
        fitted(METHODS[method](), Bad(HOSTILE[hostile]), max_epochs=4)


@pytest.mark.filterwarnings("ignore:The loss of task")
@pytest.mark.filterwarnings("ignore:The losses of")
@pytest.mark.parametrize(("hostile", "method"), WITHIN)
def test_no_loss_poisons_the_state_or_the_weights(hostile: str, method: str) -> None:
    callback = fitted(METHODS[method](), Bad(HOSTILE[hostile]), max_epochs=1)
    weights = last(callback).weights
    state = callback.state_dict()["state"]
    assert all(tensor.isfinite().all() for tensor in tensors(state) if tensor.is_floating_point())
    assert weights is None or bool(weights.isfinite().all())


@pytest.mark.filterwarnings("ignore:The loss of task")
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


def test_a_loss_that_stays_bad_is_reported_once(tmp_path: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), Bad(HOSTILE["NaN"]), logger=CSVLogger(tmp_path), log_every_n_steps=1)
    assert sum("task 'b' was not finite" in str(warning.message) for warning in caught) == 1


def test_a_loss_that_turns_bad_again_is_reported_again(tmp_path: Any) -> None:
    module = Bad(lambda loss, batch: loss + (torch.inf if batch in (1, 3) else 0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), module, logger=CSVLogger(tmp_path), log_every_n_steps=1, max_epochs=1)
    told = [str(warning.message) for warning in caught if "task 'b' was not finite" in str(warning.message)]
    assert [f"in step {step}" in message for step, message in zip((1, 3), told, strict=True)] == [True, True]


def test_all_equal_losses_share_one_weight() -> None:
    class Equal(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            loss = self.losses(batch)["a"]
            return dict.fromkeys(TASKS, loss)

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


def test_a_loss_on_another_device_comes_to_the_others_with_its_graph() -> None:
    here, there = (torch.ones((), device=device, requires_grad=True) for device in ("cpu", "meta"))
    losses = stack_losses(["a", "b"], StepOutput({"a": here, "b": there}), torch.device("meta"))
    assert (losses.device.type, losses.shape) == ("meta", (2,))
    assert all(graph is not None for graph, _ in losses.grad_fn.next_functions)  # type: ignore[union-attr]


@pytest.mark.gpu
def test_a_loss_in_host_memory_trains_with_the_others_on_an_accelerator() -> None:
    module = Bad(lambda loss, _: loss.cpu())
    callback = fitted(GO4Align(), module, accelerator="gpu", devices=1)
    assert weights_of(callback).device.type == "cuda"


def test_an_absent_task_trains_nothing_of_its_own() -> None:
    torch.manual_seed(0)
    module = Bad(HOSTILE["never there"])
    before = module.heads["b"].weight.detach().clone()  # type: ignore[operator]
    outcome(module, MultiTaskCallback(GO4Align()))
    assert torch.equal(module.heads["b"].weight, before)  # type: ignore[arg-type]


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_loss_that_is_not_finite_is_reported_by_name_and_step(optimization: Optimization, tmp_path: Any) -> None:
    callback = MultiTaskCallback(GO4Align(), optimization)
    logger = CSVLogger(tmp_path)
    trainer = quiet_trainer(callbacks=callback, logger=logger, log_every_n_steps=4, max_epochs=1)
    with pytest.warns(UserWarning, match="task 'b' was not finite in step 2"):
        trainer.fit(Bad(HOSTILE["infinite at times"]), loader())


def test_a_loss_that_is_not_finite_is_reported_without_a_logger_at_the_epochs_end() -> None:
    with pytest.warns(UserWarning, match="task 'b' was not finite in step 2"):
        fitted(GO4Align(), Bad(HOSTILE["infinite at times"]), max_epochs=1)


def test_a_negative_loss_is_explained(tmp_path: Any) -> None:
    with pytest.warns(UserWarning, match=r"task 'b' was negative in step \d+\. .*WithLowerBounds\(GO4Align"):
        fitted(GO4Align(), Bad(HOSTILE["negative"]), logger=CSVLogger(tmp_path), log_every_n_steps=4, max_epochs=1)


def test_a_negative_loss_within_groups_is_explained() -> None:
    with pytest.warns(UserWarning, match=r"task 'b' was negative in step \d+\. .*min_losses"):
        fitted(METHODS["AGRM of FAMO"](), Bad(HOSTILE["negative"]), max_epochs=1)


def test_an_absent_task_is_no_reason_to_warn(tmp_path: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), Bad(HOSTILE["coming and going"]), logger=CSVLogger(tmp_path), log_every_n_steps=1)
    assert [str(warning.message) for warning in caught if "task 'b'" in str(warning.message)] == []


def test_a_negative_loss_is_no_reason_to_warn_where_its_weight_is_given() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(FixedWeights([1.0, 0.0, 1.0]), Bad(HOSTILE["negative"]), max_epochs=1)
    assert [str(warning.message) for warning in caught if "task 'b'" in str(warning.message)] == []
