"""The tasks of a run, and which entries of a step's output are losses of theirs."""

from collections.abc import Iterable, Sequence

from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.likeness import meant, nearest
from lightning_go4align.methods.fixed import name_tasks
from lightning_go4align.update.entries import BESIDE
from lightning_go4align.update.misconfiguration import MisconfigurationException
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
        self.set_tasks(list(names) or self._declared)
        self._graphless.expect(self.names)

    def set_tasks(self, names: list[str]) -> None:
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
            hint = _meant([task for task in self._declared if task not in names], names)
            raise MisconfigurationException(
                f"The checkpoint was trained on the tasks {list(names)}, but `tasks` declares {self._declared}. "
                f"{hint}Declare those of the checkpoint, or start anew from its weights with `load_from_checkpoint`."
            )

    def select(self, output: StepOutput, module: nn.Module) -> None:
        """Leave in a step's output only the losses that something can be learned from.

        Args:
            output: What the step returned.
            module: The module that is trained.

        Raises:
            ValueError: If it holds a task that is not known, or what is no loss.
        """
        known = frozenset(self.names)  # Thousands of tasks are not looked for in a list.
        unknown = [task for task in output.losses if task not in known] if known else []
        if unknown and self.declared:
            raise ValueError(
                f"{output.source} returned the tasks {unknown}, not among the declared `tasks`, {self.names}. "
                f"{_meant(unknown, self.names)}Use one name in both places, or add what is a task of its own there; "
                "return what is no loss beside 'task_losses'."
            )
        if unknown:
            raise ValueError(
                f"{output.source} returned the tasks {unknown}, not among those of the first step or of the "
                f"checkpoint, {self.names}. {_meant(unknown, self.names)}Declare all of them, "
                "`MultiTaskCallback(method, tasks=[...])`, or return every task, with None for one that is "
                "absent, from the first step on; resume with the names of the checkpoint."
            )
        self._graphless.leave_out(output, module)

    def select_again(self, output: StepOutput) -> None:
        """Leave the same losses in another look at the batch.

        Args:
            output: What the step returned.
        """
        self._graphless.drop(output)


def _meant(unknown: Sequence[str], known: Sequence[str]) -> str:
    """Ask for each unknown task that is nearly a known one whether that was meant."""
    near = dict.fromkeys(name for task in unknown for name in nearest(task, known, 1))
    return f"{meant([repr(name) for name in near])} " if near else ""


class Graphless:
    """Leave losses without a graph out of their batch, and refuse what was never a loss.

    A tensor without a graph is refused as a number that is no loss, unless one of three things says that it is one:
    it had a graph in an earlier batch, its task is declared, or parameters of the module are frozen, so that its
    graph may be. Then its task is absent from this batch, which is said once.

    Example:
        >>> import torch
        >>> loss, accuracy = torch.ones((), requires_grad=True), torch.ones(())
        >>> Graphless().leave_out(StepOutput({"depth": loss, "accuracy": accuracy}), nn.Linear(1, 1))
        Traceback (most recent call last):
        ...
        ValueError: `training_step` returned ['accuracy'] among the task losses, without a graph. ...
    """

    def __init__(self) -> None:
        self._losses: set[str] = set()
        self._announced: set[str] = set()
        self.names: list[str] = []

    def expect(self, tasks: Iterable[str]) -> None:
        """Take it as known that these tasks have losses.

        Args:
            tasks: Their names.
        """
        self._losses |= set(tasks)

    def leave_out(self, output: StepOutput, module: nn.Module) -> None:
        """Take the losses without a graph out of what is present.

        Args:
            output: What the step returned.
            module: The module that is trained.

        Raises:
            ValueError: If no loss has a graph, or one that has none is no loss.
        """
        self.names = []
        if not output.present:
            return
        self.names = [task for task, loss in output.present.items() if not loss.requires_grad]
        if len(self.names) == len(output.present):
            raise ValueError(
                f"None of the losses that {output.source} returned has a graph. Do not detach them, nor compute them "
                "under `no_grad`; for a batch that nothing can be learned from, return None."
            )
        if self.names:
            self._judge(output, module)
            self.drop(output)
        self._losses |= output.present.keys()

    def _judge(self, output: StepOutput, module: nn.Module) -> None:
        strangers = [task for task in self.names if task not in self._losses]
        if strangers and all(parameter.requires_grad for parameter in module.parameters()):
            raise ValueError(
                f"{output.source} returned {strangers} among the task losses, without a graph. Do not detach a loss, "
                f"and return None for a task that is absent from the batch. {BESIDE}"
            )
        news = [task for task in self.names if task not in self._announced]
        if news:
            self._announced |= set(news)
            rank_zero_warn(
                f"The losses of {news} have no graph: these tasks are absent from this batch and from others like "
                f"it. {BESIDE}"
            )

    def drop(self, output: StepOutput) -> None:
        """Leave out of another look at the batch what was left out of the first.

        Args:
            output: What the step returned.
        """
        for task in self.names:
            output.present.pop(task, None)
