"""The tasks of a run, and which entries of a step's output are theirs."""

from collections.abc import Sequence

from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import nn

from lightning_go4align.methods.fixed import name_tasks
from lightning_go4align.update.graphless import Graphless
from lightning_go4align.update.task_losses import StepOutput


class KnownTasks:
    """Know the tasks by their names: as declared, or those of the first step or of the checkpoint.

    Args:
        method: The method, which may want to know the names.
        declared: Names of all tasks; those of the first step if none are given.

    Attributes:
        names: Names of the tasks, in order; empty before the first step if none are declared.
        declared: Whether they were declared.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> KnownTasks(Sum(), ["depth", "normal"]).names
        ['depth', 'normal']
    """

    def __init__(self, method: nn.Module, declared: Sequence[str] = ()) -> None:
        self.names: list[str] = []
        self.declared = bool(declared)
        self._method = method
        self._declared = list(declared)
        self.restart([])

    def restart(self, names: Sequence[str]) -> None:
        """Begin with these tasks.

        Args:
            names: Their names, of a checkpoint; if there are none, the declared ones.
        """
        self.names, self._graphless = [], Graphless()
        self.meet(list(names) or self._declared)
        self._graphless.expect(self.names)

    def meet(self, names: list[str]) -> None:
        """Take the tasks of the first step.

        Args:
            names: Their names.
        """
        self.names = names
        if names:
            name_tasks(self._method, names)

    def check_resumed(self, names: Sequence[str]) -> None:
        """Check that a checkpoint's tasks are those that are declared; their order is the checkpoint's.

        Args:
            names: Their names; none if it was saved before the first step.

        Raises:
            MisconfigurationException: If they are others.
        """
        if self.declared and names and set(names) != set(self._declared):
            raise MisconfigurationException(
                f"The checkpoint was trained on the tasks {list(names)}, but `tasks` declares {self._declared}. "
                "Declare those of the checkpoint, or start anew from its weights with `load_from_checkpoint`."
            )

    def select(self, output: StepOutput, module: nn.Module) -> None:
        """Leave in a step's output only the losses that something can be learned from.

        Args:
            output: What the step returned.
            module: The module that is trained.

        Raises:
            ValueError: If it holds a task that is not known, or what is no loss.
        """
        unknown = [task for task in output.losses if task not in self.names] if self.names else []
        if unknown and self.declared:
            raise ValueError(
                f"{output.source} returned the tasks {unknown}, not among the declared `tasks`, {self.names}. Add "
                "them there, or return what is no loss beside 'task_losses'."
            )
        if unknown:
            raise ValueError(
                f"{output.source} returned the tasks {unknown}, not among those of the first step or of the "
                f"checkpoint, {self.names}. Declare all of them, `MultiTaskCallback(method, tasks=[...])`, or return "
                "every task, with None for one that is absent, from the first step on; resume with the names of the "
                "checkpoint."
            )
        self._graphless.leave_out(output, module)

    def select_again(self, output: StepOutput) -> None:
        """Leave the same losses in another look at the batch.

        Args:
            output: What the step returned.
        """
        self._graphless.drop(output)
