"""Runs as processes of this machine."""

from collections.abc import Sequence
from typing import NamedTuple

from typing_extensions import override

from lightning_go4align.studies.attempt import Attempt, Ending, begin
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.resources import Pool, Resources, Share, environment


class _Work(NamedTuple):
    attempt: Attempt
    share: Share


class LocalEngine(Engine):
    """Runs side by side on this machine, each with processors, memory and GPUs of its own.

    Args:
        pool: What the machine has.
        resources: What each run takes.

    Raises:
        ValueError: If not even one run can ever start.

    Example:
        >>> engine = LocalEngine(Pool.of(jobs=2, gpus=["0"], cpus=4, memory_gb=8), Resources(gpus=1))
        >>> engine.waits_for()
    """

    def __init__(self, pool: Pool, resources: Resources) -> None:
        missing = pool.lack(resources)
        if missing is not None:
            raise ValueError(
                f"Each run asks for {missing}: none can ever start on this machine. Lower `resources` of the study."
            )
        self.pool = pool
        self.resources = resources

    @override
    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        submitted = []
        for run in runs:
            if self.waits_for() is not None:
                break
            share = self.pool.share(self.resources)
            attempt = begin(run, environment(self.pool, share))
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
