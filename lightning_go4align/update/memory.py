"""What a run remembers of a method and its tasks: saved in checkpoints, and forgotten between fits."""

from collections.abc import Sequence
from typing import Any

from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.methods.fields import method_fields
from lightning_go4align.methods.state import full_state, load_full_state
from lightning_go4align.update.checkpoint import check_saved, damaged, sealed
from lightning_go4align.update.gradient_oriented import AggregatorWeighting
from lightning_go4align.update.known_tasks import KnownTasks
from lightning_go4align.update.loss_oriented import ScalarizerWeighting
from lightning_go4align.update.random_stream import RandomStream


class Memory:
    """All that the next step depends on.

    Args:
        method: A TorchJD scalarizer or aggregator.
        declared: Names of all tasks; those of the first step if none are given.

    Attributes:
        tasks: The tasks.
        random: What the method draws from.
        weighting: What drives the method.
        epoch: Number of the epoch that the method is in.
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
        self.weighting: ScalarizerWeighting | AggregatorWeighting = (
            ScalarizerWeighting(method, self.random)
            if isinstance(method, Scalarizer)
            else AggregatorWeighting(method, self.random, self.tasks)
        )
        self.epoch = 0
        self.has_trained = False
        self._method = method
        self._fields: Any = None
        self._start: dict[str, Any] | None = None

    def begin_anew(self) -> bool:
        """Forget what was learned in an earlier fit.

        What the method had learned before the first fit, or was loaded since the last, is kept.

        Returns:
            Whether there was anything to forget.
        """
        forgets = self.has_trained
        if forgets and self._start is not None:
            self._restore(self._start)
            self.weighting.weights = None
        self._fields, self.has_trained = method_fields(self._method), False
        self._start = self.state_dict()
        return forgets

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
                "method": self._settings,
                "state": full_state(self._method),
                "weighting": self.weighting.state_dict(),
                "random": self.random.state_dict(),
            }
        )

    @property
    def _settings(self) -> Any:
        """As they were when the fit began: some are moved along a schedule."""
        return self._fields or method_fields(self._method)

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Resume from a saved state; nothing changes if that is not possible.

        Args:
            state: What ``state_dict`` returned.

        Raises:
            ValueError: If it is damaged.
            MisconfigurationException: If it was saved with another method, other arguments or other tasks.
        """
        check_saved(state, self._method, self._settings)
        self.tasks.check_resumed(state["tasks"])
        before = self.state_dict()
        try:
            self._restore(state)
        except (KeyError, TypeError, AttributeError, ValueError, RuntimeError) as error:
            self._restore(before)
            first = str(error).partition("\n")[0].rstrip(".:")
            raise damaged(f"it does not fit the method, {type(error).__name__}: {first}") from error
        self.has_trained = False

    def _restore(self, state: dict[str, Any]) -> None:
        load_full_state(self._method, state["state"])
        self.weighting.load_state_dict(state["weighting"])
        self.random.load_state_dict(state["random"])
        if not state["tasks"]:  # It was saved before the first step, where ranks agree on a seed.
            self.random.seed = None
        self.tasks.restart(state["tasks"])
        self.epoch = state["epoch"]
