"""What is said about losses and weights that are no good, where their values are read anyway."""

from collections.abc import Sequence

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn
from torchjd.aggregation import Aggregator

from lightning_go4align.methods.fixed import FixedWeights, SingleTask
from lightning_go4align.update.rows import Row


class Report:
    """Speak up about losses and weights, once for each time that one turns bad.

    Args:
        method: How tasks are balanced.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> Report(FAMO(1)).weights(["depth"], Row({}, bad_losses=[-1], bad_weights=[3]))
        Traceback (most recent call last):
        ...
        ValueError: FAMO found no finite weight for 'depth' in step 3. ...
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._any_sign = isinstance(method, FixedWeights | SingleTask | Aggregator)
        self._told: dict[str, int] = {}
        self._bad: set[str] = set()

    def losses(self, tasks: Sequence[str], row: Row) -> None:
        """Warn of losses that were not finite since the last time, and of negative ones that were not weighed.

        Args:
            tasks: Names of the ``M`` tasks.
            row: The numbers of the step.
        """
        bad: set[str] = set()
        for task, step in zip(tasks, row.bad_losses, strict=True):
            if step > self._told.get(task, -1):
                self._tell(
                    task,
                    f"The loss of task '{task}' was not finite in step {step}: its weight was 0 and the method's "
                    "state was kept. Its gradient may still hold NaN: look for a division or logarithm in that loss.",
                )
                bad.add(task)
            elif (
                row.logged.get(f"loss/{task}", 0) < 0 and row.logged.get(f"weight/{task}") == 0 and not self._any_sign
            ):
                self._tell(
                    task,
                    f"The loss of task '{task}' is negative: its weight is 0, for {self._method} weighs positive "
                    "losses only. Add a constant that keeps it above 0.",
                )
                bad.add(task)
            self._told[task] = step
        self._bad = bad

    def _tell(self, task: str, message: str) -> None:
        if task not in self._bad:
            rank_zero_warn(message)

    def weights(self, tasks: Sequence[str], row: Row) -> None:
        """Refuse weights that are not finite.

        Args:
            tasks: Names of the ``M`` tasks.
            row: The numbers of the step.

        Raises:
            ValueError: If one was not finite in some step.
        """
        for task, step in zip(tasks, row.bad_weights, strict=True):
            if step >= 0:
                raise ValueError(
                    f"{self._method} found no finite weight for '{task}' in step {step}. Most methods want losses "
                    "that are positive and far from overflow: add a constant or change their unit, or take a method "
                    "that allows for it, such as `GO4Align`."
                )
