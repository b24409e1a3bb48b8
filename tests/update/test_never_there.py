"""A task that has no loss in all of the first epoch is told at its end: a name or labels are wrong."""

import warnings
from collections.abc import Callable
from typing import Any

import pytest
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, RobustGO4Align

Change = Callable[[Any, int], Any]


class Changed(Toy):
    """Returns other losses in some of an epoch's five steps.

    Args:
        changes: What becomes of a task's loss in the step of this number.
    """

    def __init__(self, **changes: Change) -> None:
        super().__init__()
        self.changes = changes

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {task: change(losses.get(task), batch_idx) for task, change in self.changes.items()}


def told(module: Toy, epochs: int = 2, limit_train_batches: int = 5, **options: Any) -> list[str]:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        callback = MultiTaskCallback(RobustGO4Align(), **options)
        trainer = quiet_trainer(callbacks=[callback], max_epochs=epochs, limit_train_batches=limit_train_batches)
        trainer.fit(module, loader())
    return [text for text in (str(warning.message) for warning in caught) if "had no loss" in text]


@pytest.mark.parametrize(
    "change",
    [lambda loss, step: None, lambda loss, step: 0 * loss, lambda loss, step: None if step % 2 else 0 * loss],
    ids=["None", "0", "one of both"],
)
def test_tasks_without_a_loss_are_told_together_and_once(change: Change) -> None:
    (message,) = told(Changed(a=change, c=change))
    assert "The tasks ['a', 'c'] had no loss in the first 5 steps" in message


def test_after_an_epoch_of_a_step_or_two_nothing_is_said_yet() -> None:
    rare = Changed(a=lambda loss, step: loss if rare.current_epoch == 2 else None, c=lambda loss, step: None)
    (message,) = told(rare, epochs=4, limit_train_batches=2)
    assert "The tasks ['c'] had no loss in the first 6 steps" in message


def test_a_declared_task_that_is_written_otherwise_is_told() -> None:
    (message,) = told(Changed(), tasks=["a", "b", "c", "typo"])
    assert "['typo']" in message


@pytest.mark.parametrize("sign", [1, -1])
def test_a_task_that_comes_once_is_not_absent(sign: int) -> None:
    assert told(Changed(a=lambda loss, step: sign * loss if step == 3 else None)) == []


def test_what_only_a_later_epoch_lacks_is_not_told() -> None:
    class Later(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return {**self.losses(batch), **({"b": None} if self.current_epoch else {})}

    assert told(Later()) == []
