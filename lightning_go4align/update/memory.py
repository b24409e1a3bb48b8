"""What a run remembers of a method and its tasks: saved in checkpoints, and forgotten between fits."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import nn
from torch.optim import Optimizer
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.fields import method_fields
from lightning_go4align.methods.learning import learning_after_epoch
from lightning_go4align.methods.state import full_state, load_full_state, move_state
from lightning_go4align.update.aggregator_driver import AggregatorDriver
from lightning_go4align.update.checkpoint import check_saved, damaged, sealed
from lightning_go4align.update.driver import Driver
from lightning_go4align.update.random_stream import RandomStream, start_seed
from lightning_go4align.update.scalarizer_driver import ScalarizerDriver
from lightning_go4align.update.step_tracker import FirstLosses
from lightning_go4align.update.tasks import KnownTasks

BETWEEN = -1  # No epoch has this number.


class Memory:
    """All that the next step depends on.

    Args:
        method: A TorchJD scalarizer or aggregator.
        declared: Names of all tasks; those of the first step if none are given.

    Attributes:
        method: The method.
        tasks: The tasks.
        random: What the method draws from.
        driver: What drives the method.
        device: Where the state is; None before the first step of a fit, and after a load.
        epoch: Number of the epoch that the method is in.
        first_losses: By which it is judged whether a task has learned.
        has_trained: Whether there was a step since the state was loaded or begun anew.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> memory = Memory(Sum(), ["depth", "normal"])
        >>> memory.state_dict()["tasks"]
        ['depth', 'normal']
    """

    def __init__(self, method: Scalarizer | Aggregator, declared: Sequence[str] = ()) -> None:
        self.tasks = KnownTasks(method, declared)
        self.random = RandomStream()
        self.driver: Driver = (
            ScalarizerDriver(method, self.random, self.tasks)
            if isinstance(method, Scalarizer)
            else AggregatorDriver(method, self.random, self.tasks)
        )
        self.device: torch.device | None = None
        self.epoch = 0
        self.first_losses = FirstLosses()
        self.has_trained = False
        self.method = method
        self._seed = 0
        self._fields: Any = None
        self._start: dict[str, Any] | None = None

    def begin_anew(self) -> bool:
        """Forget what was learned in an earlier fit.

        What the method had learned before the first fit, or was loaded since the last, is kept.

        Returns:
            Whether there was anything to forget.
        """
        forgets = self.has_trained
        if forgets:
            self.driver.forget()
        if forgets and self._start is not None:
            self._restore(self._start)
        self._fields, self.has_trained = method_fields(self.method), False
        self._start = self.state_dict()
        return forgets

    def attach(self, module: nn.Module) -> None:
        """Get ready to train a module.

        Args:
            module: The module.
        """
        self.driver.attach(module)
        self.device, self._seed = None, start_seed()

    def begin_training(self, device: torch.device, optimizers: Sequence[Optimizer] = ()) -> None:
        """Get ready for the first step of a fit: the method goes where the losses are, with all that it learned.

        Args:
            device: Where the losses are.
            optimizers: Those of the module. They step what they hold of the method.
        """
        self.driver.leave_out({id(p) for o in optimizers for group in o.param_groups for p in group["params"]})
        move_state(self.method, device)
        self.driver.load_state_dict(self.driver.state_dict())  # It goes where its parameters are now.
        self.device, self.has_trained = device, True

    def end_epoch(self) -> None:
        """Let the next batch begin an epoch, whatever its number: a new trainer counts from 0 again."""
        self.epoch = BETWEEN

    def begin_epoch(self, epoch: int) -> None:
        """Tell the method that the epoch before is over, once, also if the run was resumed between the two.

        Args:
            epoch: Number of the epoch that begins, or goes on after a resume.
        """
        for part in learning_after_epoch(self.method) if self.tasks.names and epoch != self.epoch else ():
            part.step()
        self.epoch = epoch

    def told_to_ranks(self, names: Iterable[str]) -> tuple[list[str], int]:
        """Return what this rank tells the others of its first step.

        Args:
            names: Names of the tasks in it.

        Returns:
            The names of all tasks that it knows of, and what its stream would start from.
        """
        return self.tasks.names or list(names), self._seed

    def begin_with(self, ranks: Sequence[tuple[list[str], int]]) -> None:
        """Begin with the tasks that any rank saw, in the order of their first appearance, and rank 0's stream.

        What a checkpoint or an earlier fit has begun goes on.

        Args:
            ranks: What each rank told.
        """
        names = list(dict.fromkeys(name for theirs, _ in ranks for name in theirs))
        if names and self.random.seed is None:
            self.random.seed = ranks[0][1]
            self.tasks.set_tasks(names)

    def state_dict(self) -> dict[str, Any]:
        """Return it in types that ``torch.load(weights_only=True)`` reads.

        Returns:
            Names of the tasks, the epoch, the method's settings, its full state, what drives it and where its stream
            is; with the version and the layout of all this.
        """
        return sealed(
            {
                "tasks": list(self.tasks.names),
                "epoch": self.epoch,
                "method": self.settings,
                "state": full_state(self.method),
                "weighting": self.driver.state_dict(),
                "random": self.random.state_dict(),
                "first_losses": self.first_losses.sizes,
            }
        )

    @property
    def given(self) -> dict[str, Any]:
        """What was given to this rank, which must be the same on all."""
        return {"tasks": list(self.tasks.names), "method": self.settings}

    @property
    def settings(self) -> Any:
        """As they were when the fit began: some are moved along a schedule."""
        return self._fields or method_fields(self.method)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a saved state; nothing changes if that is not possible.

        Args:
            state: What ``state_dict`` returned.

        Raises:
            ValueError: If it is damaged.
            MisconfigurationException: If it was saved with another method, other arguments or other tasks.
        """
        check_saved(state, self.method, self.settings)
        self.tasks.check_resumed(state["tasks"])
        before = self.state_dict()
        try:
            self._restore(state)
        except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            self._restore(before)
            first = str(error).partition("\n")[0].rstrip(".:")
            raise damaged(f"it does not fit the method, {type(error).__name__}: {first}") from error
        self.has_trained, self.device = False, None

    def _restore(self, state: dict[str, Any]) -> None:
        load_full_state(self.method, state["state"])
        self.driver.load_state_dict(state["weighting"])
        self.random.load_state_dict(state["random"])
        if not state["tasks"]:  # It was saved before the first step, where ranks agree on a seed.
            self.random.seed = None
        self.tasks.restart(state["tasks"])
        self.epoch, self.first_losses.sizes = state["epoch"], state.get("first_losses")
