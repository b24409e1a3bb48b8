"""The one fit that a monitor watches at a time."""

import weakref
from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.trainer.states import TrainerStatus

from lightning_go4align.update.misconfiguration import MisconfigurationException


class OneFit:
    """Know which trainer's fit a monitor watches, and refuse a second one before the first has ended.

    A monitor has one record. Two fits at once, one in a hook of the other or in another thread, would mix in it.

    Args:
        monitor: What the monitor is called.

    Example:
        >>> trainer = Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", devices=1)
        >>> fit = OneFit("DeltaMMonitor")
        >>> fit.begin(trainer)
        >>> fit.is_of(trainer)
        True
    """

    def __init__(self, monitor: str) -> None:
        self._monitor = monitor
        self._trainer: weakref.ref[Trainer] | None = None

    def begin(self, trainer: Trainer) -> None:
        """Watch a trainer's fit from now on.

        Args:
            trainer: The trainer, in its ``setup``.

        Raises:
            MisconfigurationException: If the fit before still runs, in another trainer.
        """
        before = None if self._trainer is None else self._trainer()
        if before not in (None, trainer) and before.state.status == TrainerStatus.RUNNING:
            raise MisconfigurationException(
                f"This `{self._monitor}` watches a fit of another trainer, which still runs, and two would mix in "
                f"its record. Give each trainer a `{self._monitor}` of its own."
            )
        self._trainer = weakref.ref(trainer)

    def is_of(self, trainer: Trainer) -> bool:
        """Tell whether the fit that began last is this trainer's."""
        return self._trainer is not None and self._trainer() is trainer

    def refuse_return(self) -> None:
        """Refuse a fit that goes on with an earlier one of its trainer, when another was watched in between.

        Raises:
            MisconfigurationException: Always.
        """
        raise MisconfigurationException(
            f"This fit goes on with an earlier one, but this `{self._monitor}` has watched another since, and holds "
            f"the record of that. Give each trainer a `{self._monitor}` of its own, or resume from a checkpoint."
        )

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_trainer": None}  # A copy, as in a process of its own, watches nothing yet.
