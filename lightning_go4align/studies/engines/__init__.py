"""Where runs run: one small interface, one file for each engine."""

from collections.abc import Sequence
from typing import Any, NamedTuple, Protocol

from lightning_go4align.studies.attempt import Ending
from lightning_go4align.studies.plan import Run


class Submitted(NamedTuple):
    """A run that an engine has taken on.

    Args:
        run: The run.
        work: What the engine knows it by.
    """

    run: Run
    work: Any


class Engine(Protocol):
    """Runs runs, here or elsewhere.

    A run's folder must be where it is for all machines of the engine: on a file system that they share.
    """

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        """Take on runs, in their order, as many as there is room for; not those that another process is at."""

    def poll(self, submitted: Submitted) -> bool:
        """Tell whether a run has ended."""

    def collect(self, submitted: Submitted) -> Ending:
        """Tell how a run has ended; once for each."""

    def cancel(self, submitted: Sequence[Submitted]) -> None:
        """Stop runs; they go on from their last epoch when they are submitted again."""

    def waits_for(self) -> str | None:
        """Say what there must be before another run is taken on; None if nothing."""
