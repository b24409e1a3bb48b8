"""Losses without a graph: a number that is no loss, or a task that nothing can be learned from in this batch."""

from collections.abc import Iterable

import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import nn

from lightning_go4align.update.entries import BESIDE
from lightning_go4align.update.task_losses import StepOutput


class Graphless:
    """Leave losses without a graph out of their batch, and refuse what was never a loss.

    A tensor without a graph is refused as a number that is no loss, unless one of three things says that it is one:
    it had a graph in an earlier batch, its task is declared, or parameters of the module are frozen, so that its
    graph may be. Then its task is absent from this batch, which is said once. While no gradients are recorded,
    as in FAMO's second look, all losses count.

    Example:
        >>> loss, accuracy = torch.ones((), requires_grad=True), torch.ones(())
        >>> Graphless().leave_out(StepOutput({"depth": loss, "accuracy": accuracy}), nn.Linear(1, 1))
        Traceback (most recent call last):
        ...
        ValueError: `training_step` returned ['accuracy'] among the task losses, without a graph. ...
    """

    def __init__(self) -> None:
        self._losses: set[str] = set()
        self._told: set[str] = set()
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
        if not torch.is_grad_enabled() or not output.present:
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
        news = [task for task in self.names if task not in self._told]
        if news:
            self._told |= set(news)
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
