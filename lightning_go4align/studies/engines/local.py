"""Runs as processes of this machine."""

import sys
from collections.abc import Sequence
from typing import NamedTuple

from typing_extensions import override

from lightning_go4align.studies.attempt import Attempt, Ending, begin
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.resources import Pool, Resources, Share, environment
from lightning_go4align.studies.starting import InterpreterStart, Start


class _Work(NamedTuple):
    attempt: Attempt
    share: Share


class LocalEngine(Engine):
    """Runs side by side on this machine, each with processors, memory and GPUs of its own.

    Args:
        pool: What the machine has.
        resources: What each run takes.
        start: How their processes are started; in an interpreter each if not given.

    Raises:
        ValueError: If not even one run can ever start.

    Example:
        >>> engine = LocalEngine(Pool.of(jobs=2, gpus=["0"], cpus=4, memory_gb=8), Resources(gpus=1))
        >>> engine.waits_for()
    """

    def __init__(self, pool: Pool, resources: Resources, start: Start | None = None) -> None:
        missing = pool.lack(resources)
        if missing is not None:
            raise ValueError(
                f"Each run asks for {missing}: none can ever start on this machine. Lower `resources` of the study."
            )
        self.pool = pool
        self.resources = resources
        self._start = start or InterpreterStart()

    @override
    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        submitted = []
        for run in runs:
            if self.waits_for() is not None:
                break
            share = self.pool.share(self.resources)
            attempt = begin(run, environment(self.pool, share), start=self._start)
            if isinstance(attempt, Attempt):
                self.pool = self.pool.without(share)
                submitted.append(Submitted(run, _Work(attempt, share)))
        return submitted

    @override
    def poll(self, submitted: Submitted) -> bool:
        work: _Work = submitted.work
        return work.attempt.has_ended

    @override
    def collect(self, submitted: Submitted) -> Ending:
        work: _Work = submitted.work
        self.pool = self.pool.with_back(work.share)
        return work.attempt.end()

    @override
    def cancel(self, submitted: Sequence[Submitted]) -> None:
        attempts = [one.work.attempt for one in submitted]
        for attempt in attempts:  # all at once, for each ends with its batch
            attempt.process.terminate()
        for attempt in attempts:
            attempt.stop()
        for one in submitted:
            self.pool = self.pool.with_back(one.work.share)

    @override
    def waits_for(self) -> str | None:
        return self.pool.lack(self.resources)


def local_engine(pool: Pool, resources: Resources) -> LocalEngine:
    """Make the engine of a machine, with the quickest way to start runs that is safe there.

    A fork is: on Linux, where others' libraries bear it, and without GPUs, of whose state a fork may inherit half.

    Args:
        pool: What the machine has.
        resources: What each run takes.
    """
    if sys.platform != "linux" or pool.gpus:
        return LocalEngine(pool, resources)
    from lightning_go4align.studies.forks import ForkedStart

    return LocalEngine(pool, resources, ForkedStart())
