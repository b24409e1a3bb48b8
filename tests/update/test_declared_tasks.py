"""Tasks that are declared may be missing from the first batch, whatever the method and the door."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torchjd.aggregation import MGDA, UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Sum
from toy import TASKS, BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks

FIRST = r"The tasks are those of the first step, \['a'\]: if others come later, declare all of them"
METHODS = {
    "GO4Align": lambda: GO4Align(3),
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "MGDA": MGDA,
    "UPGrad": UPGrad,
}


class Late(Toy):
    """Task "c" comes with the third batch, "b" with the second; left out before, or None."""

    none = False

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        step = self.trainer.global_step
        losses = {task: loss for i, (task, loss) in enumerate(self.losses(batch).items()) if i <= step}
        return {**dict.fromkeys(TASKS), **losses} if self.none else losses


class BalancedLate(BalancedToy, Late): ...


def fit(module: Late, *callbacks: pl.Callback) -> None:
    quiet_trainer(max_epochs=1, callbacks=list(callbacks)).fit(module, loader())


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
def test_a_late_task_is_trained_as_one_that_was_none_before(make: Any, optimization: Any) -> None:
    ends = []
    for none, tasks in ((False, list(TASKS)), (True, None)):
        torch.manual_seed(0)
        module = Late()
        module.none = none
        callback = MultiTaskCallback(make(), optimization, tasks=tasks)
        fit(module, callback)
        ends.append(torch.cat([parameter.detach().flatten() for parameter in module.parameters()]))
        assert callback.tasks == list(TASKS)
    assert torch.equal(*ends)


def test_a_module_with_its_own_method_declares_its_tasks() -> None:
    module = BalancedLate(GO4Align(3), tasks=("c", "b", "a"))
    fit(module)
    assert list(module.task_weights) == ["c", "b", "a"]
    assert all(weight > 0 for weight in module.task_weights.values())


def test_without_a_declaration_the_late_task_names_the_way_out() -> None:
    with pytest.raises(ValueError, match=r"returned the tasks \['b'\].*Declare all of them, `MultiTaskCallback\("):
        fit(Late(), MultiTaskCallback(Sum()))


@pytest.mark.parametrize("make", [lambda: GO4Align(2), UPGrad], ids=["groups", "shared parameters"])
def test_what_the_first_batch_has_too_few_tasks_for_names_the_way_out(make: Any) -> None:
    with pytest.raises((ValueError, MisconfigurationException), match=FIRST):
        fit(Late(), MultiTaskCallback(make()))


@pytest.mark.parametrize(
    ("tasks", "error", "said"),
    [
        (["a", "b"], ValueError, r"returned the tasks \['c'\], not among the declared `tasks`, \['a', 'b'\]"),
        (["a", "b", "C"], ValueError, r"not among the declared `tasks`, \['a', 'b', 'C'\]. Did you mean 'C'\?"),
        (["a", "b", "depth"], ValueError, r"\['a', 'b', 'depth'\]. Use one name in both places"),
        (["a", "a", "b"], ValueError, r"must be distinct, but \['a'\] stand there more than once"),
        ([], ValueError, "must name a task, but is empty"),
        ("abc", TypeError, "must be a list of names, but is 'abc'"),
        ({"a": 1}, TypeError, "must be a list of names"),
        (["a", 3], TypeError, "must be a string, but is 3"),
        (["a", " "], ValueError, "must not be blank"),
    ],
)
@pytest.mark.parametrize("of_module", [False, True])
def test_wrong_declarations_say_what_is_wrong(tasks: Any, error: type[Exception], said: str, of_module: bool) -> None:
    def declare() -> None:
        if of_module:
            fit(BalancedLate(GO4Align(1), tasks=tasks))
        else:
            fit(Late(), MultiTaskCallback(GO4Align(1), tasks=tasks))

    with pytest.raises(error, match=said):
        declare()


@pytest.mark.parametrize(
    ("declared", "returned"), [("normals", "normal"), ("normal", "normals"), ("Normal", "normal")]
)
def test_a_name_that_is_nearly_another_is_asked_for(declared: str, returned: str) -> None:
    loss = torch.ones((), requires_grad=True)
    output, module = StepOutput({"depth": loss, returned: loss}), torch.nn.Linear(1, 1)
    with pytest.raises(ValueError, match=f"Did you mean '{declared}'"):
        KnownTasks(Sum(), ["depth", declared]).select(output, module)
    first = KnownTasks(Sum())
    first.set_tasks(["depth", declared])
    with pytest.raises(ValueError, match=f"Did you mean '{declared}'"):
        first.select(output, module)
    with pytest.raises(MisconfigurationException, match=f"Did you mean '{returned}'"):
        KnownTasks(Sum(), ["depth", declared]).check_resumed(["depth", returned])
