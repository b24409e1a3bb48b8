"""What a user reads of the callback and the module, and what is said where something else than a method is given."""

import ast
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from isolation import child_environment
from torchjd.aggregation import GradDrop, UPGrad
from torchjd.scalarization import FAMO, Sum
from toy import TASKS, BalancedToy, Toy, fitted, last, loader, quiet_trainer
from typing_extensions import override

import lightning_go4align
from lightning_go4align import DeltaMMonitor, GO4Align, GroupDynamicsMonitor, MultiTaskCallback, MultiTaskMixin
from lightning_go4align.methods import FixedWeights


def test_nothing_is_told_before_the_first_step() -> None:
    callback = MultiTaskCallback(GO4Align())
    assert (callback.task_weights, callback.groups, callback.last_step, callback.tasks) == ({}, {}, None, [])


def test_weights_are_told_by_the_names_of_their_tasks() -> None:
    weights = fitted(FixedWeights([3.0, 2.0, 1.0])).task_weights
    assert {task: float(weight) for task, weight in weights.items()} == {"a": 3.0, "b": 2.0, "c": 1.0}


def test_groups_are_told_by_the_names_of_their_tasks() -> None:
    callback = fitted(GO4Align(2))
    heaviest = max(callback.task_weights, key=lambda task: float(callback.task_weights[task]))
    assert set(callback.groups) == set(TASKS)
    assert callback.groups[heaviest] == 1
    assert all(group.dtype == torch.int64 and group.shape == () for group in callback.groups.values())


def test_a_method_that_does_not_group_has_no_groups() -> None:
    callback = fitted(Sum())
    assert callback.groups == {}
    assert [float(weight) for weight in callback.task_weights.values()] == [1.0, 1.0, 1.0]


def test_a_method_without_weights_has_none() -> None:
    assert fitted(GradDrop()).task_weights == {}


def test_the_record_holds_the_objective_of_the_weighted_losses() -> None:
    record = last(fitted(GO4Align(2)))
    assert record is not None
    assert record.tasks == TASKS
    assert record.objective == pytest.approx(float(record.weights @ record.losses.to(record.weights.dtype)), rel=1e-6)  # type: ignore[operator, union-attr]  # The method has weights.
    assert not record.objective.requires_grad
    assert not record.not_finite.any()


@pytest.mark.parametrize("method", [Sum, UPGrad])
def test_the_record_cannot_be_changed(method: Any) -> None:
    record = last(fitted(method()))
    with pytest.raises(AttributeError):
        record.losses = torch.zeros(3)  # type: ignore[misc]  # It is frozen: what is refused here.


@pytest.mark.filterwarnings("ignore:The tasks .* had no loss")
def test_the_record_tells_an_absent_task_from_one_that_is_not_finite() -> None:
    class Broken(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            losses = self.losses(batch)
            return {"a": losses["a"], "b": losses["b"] * float("nan"), "c": None}

    callback = MultiTaskCallback(GO4Align(2), tasks=TASKS)
    with pytest.warns(UserWarning, match="The loss of task 'b' was not finite"):
        quiet_trainer(callbacks=callback, max_epochs=1, limit_train_batches=1).fit(Broken(), loader())
    assert last(callback).not_finite.tolist() == [False, True, False]


def test_a_module_tells_the_same_as_its_callback() -> None:
    module = BalancedToy(GO4Align(2))
    quiet_trainer(max_epochs=1).fit(module, loader())
    assert module.last_step is module.multi_task_callback.last_step
    assert module.task_weights == module.multi_task_callback.task_weights
    assert module.groups.keys() == set(TASKS)


def test_a_users_own_attributes_of_these_names_are_his() -> None:
    class Own(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.task_weights = torch.nn.Parameter(torch.ones(3))

    class Balanced(MultiTaskMixin, Own): ...  # type: ignore[misc]  # Both define the name: what is tested here.

    module: Any = Balanced(GO4Align(2))
    module.groups, module.last_step = torch.nn.Linear(1, 1), "mine"
    quiet_trainer(max_epochs=1).fit(module, loader())
    assert isinstance(module.groups, torch.nn.Linear)
    assert (module.task_weights.shape, module.last_step) == ((3,), "mine")
    assert module.multi_task_callback.task_weights.keys() == set(TASKS)


def test_the_former_names_still_work_and_say_what_takes_their_place() -> None:
    callback = fitted(GO4Align(2))
    with pytest.warns(DeprecationWarning, match="read `last_step`"):
        signals = callback.signals
    record = last(callback)
    expected = (record.losses, record.weights, record.indicators, record.grouping)
    assert all(now is then for now, then in zip(signals, expected, strict=True))  # type: ignore[arg-type]  # The fields have several types.
    with pytest.warns(DeprecationWarning, match="`StepRecord` takes its place"):
        assert lightning_go4align.Signals is type(signals)


def test_a_callback_says_its_method_tasks_and_state() -> None:
    callback = MultiTaskCallback(Sum(), tasks=TASKS)
    assert repr(callback) == "MultiTaskCallback(Sum(), 'manual', tasks=['a', 'b', 'c']; not trained)"
    quiet_trainer(callbacks=callback, max_epochs=1).fit(Toy(), loader())
    assert repr(callback) == "MultiTaskCallback(Sum(), 'manual', tasks=['a', 'b', 'c']; after 5 steps)"


def test_monitors_say_what_they_have_seen(tmp_path: Path) -> None:
    monitors = [GroupDynamicsMonitor(), DeltaMMonitor({"val/total": 1.0})]
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(Sum()), *monitors], default_root_dir=tmp_path)
    trainer.fit(Toy(), loader(), loader(16))
    assert list(map(repr, monitors)) == [
        "GroupDynamicsMonitor(method=Sum(), tasks=['a', 'b', 'c']; 10 steps recorded)",
        "DeltaMMonitor(metrics=['val/total']; 2 validations scored)",
    ]


@pytest.mark.parametrize(
    ("given", "advice"),
    [
        pytest.param(GO4Align, r"the class GO4Align: pass an instance: GO4Align\(num_groups=2\)", id="class"),
        pytest.param(FAMO, r"the class FAMO: pass an instance: FAMO\(shape=...\)", id="class that needs an argument"),
        pytest.param("famo", r"Nearest: FAMO\(shape=...\) of torchjd.scalarization", id="word"),
        pytest.param("go4-align", r"GO4Align\(num_groups=2\) of lightning_go4align.methods", id="misspelt word"),
        pytest.param("gradient descent of sorts", "They are in `lightning_go4align.methods`", id="unknown word"),
        pytest.param(torch.nn.Linear, "is the class Linear. Pass an instance of one", id="class of another kind"),
        pytest.param(3, "is of type int. Pass an instance of one", id="number"),
    ],
)
@pytest.mark.parametrize("door", [MultiTaskCallback, BalancedToy], ids=["callback", "module"])
def test_what_is_no_method_is_told_what_to_write(given: Any, advice: str, door: Any) -> None:
    with pytest.raises(TypeError, match=advice):
        door(given)


def test_every_name_of_the_root_is_there_and_shown() -> None:
    shown = dir(lightning_go4align)
    for name in lightning_go4align.__all__:
        assert name in shown
        assert getattr(lightning_go4align, name) is not None
    assert {"methods", "plots", "monitors"} <= set(shown)
    with pytest.raises(AttributeError, match="no attribute 'GO4Aligned'"):
        lightning_go4align.GO4Aligned  # noqa: B018  # it is to fail


def test_the_types_know_every_name_of_the_root() -> None:
    tree = ast.parse(Path(lightning_go4align.__file__).read_text(encoding="utf-8"))
    typed = next(node for node in tree.body if isinstance(node, ast.If))
    known = {alias.name for line in typed.body if isinstance(line, ast.ImportFrom) for alias in line.names}
    assert known == set(lightning_go4align.__all__)


def test_the_root_imports_nothing_until_it_is_asked() -> None:
    check = "import sys, lightning_go4align; sys.exit('torch' in sys.modules)"
    environment = child_environment(PYTHONPATH=str(Path(lightning_go4align.__file__).parents[1]))
    assert subprocess.run([sys.executable, "-c", check], env=environment, check=False).returncode == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", ["user_script", "variables"])
def test_a_user_script_passes_the_strictest_types(name: str) -> None:
    from mypy import api

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        script = Path(__file__).parents[1] / "typing" / f"{name}.py"
        report, errors, status = api.run(["--strict", str(script)])
    assert status == 0, report + errors
