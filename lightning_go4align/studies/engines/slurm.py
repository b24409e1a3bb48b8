"""Runs as jobs of SLURM; needs ``submitit``."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import submitit
from submitit.core.utils import UncompletedJobError
from submitit.helpers import DelayedSubmission
from typing_extensions import override

from lightning_go4align.studies.attempt import End, Ending, Performance
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.resources import Resources, threads


class RequeuedPerformance(Performance):
    """A run that SLURM may put back into its queue, from where it goes on with its last epoch."""

    def checkpoint(self) -> DelayedSubmission:
        """Called by submitit as the time is up, or the machine is needed for another job."""
        return DelayedSubmission(self)


class SlurmEngine(Engine):
    """Runs as an array of SLURM jobs; SLURM itself pins GPUs and queues, and puts back what it interrupts.

    Machines share the study's folder, and have the same environment of Python.

    Args:
        resources: What each run takes; whole GPUs.
        folder: Where submitit keeps its files.
        options: More arguments of submitit's ``AutoExecutor.update_parameters``, such as ``slurm_partition`` and
            ``timeout_min``.
        cluster: ``"slurm"``, or ``"local"`` for processes of this machine, to try a study out.

    Raises:
        ValueError: If a run asks for part of a GPU.
    """

    def __init__(
        self, resources: Resources, folder: Path, options: dict[str, Any] | None = None, cluster: str | None = None
    ) -> None:
        gpus = resources.gpus or 0
        if gpus != int(gpus):
            raise ValueError(f"SLURM gives whole GPUs, but `resources.gpus` is {gpus}. Ask for 1.")
        self._executor = submitit.AutoExecutor(folder=folder / "%j", cluster=cluster)
        request = {"gpus_per_node": int(gpus), "cpus_per_task": resources.cpus, "mem_gb": resources.memory_gb}
        named = {name: value for name, value in request.items() if value}
        self._executor.update_parameters(name="go4align", **{**named, **(options or {})})
        self._environment = threads(resources.cpus)

    @override
    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        if not runs:
            return []
        with self._executor.batch():  # one array
            work = [RequeuedPerformance(run, self._environment, Path.cwd()) for run in runs]
            jobs = [self._executor.submit(one) for one in work]
        return [Submitted(run, job) for run, job in zip(runs, jobs, strict=True)]

    @override
    def poll(self, submitted: Submitted) -> bool:
        return bool(submitted.work.done())

    @override
    def collect(self, submitted: Submitted) -> Ending:
        try:
            ending: Ending = submitted.work.result()
        except UncompletedJobError as error:  # killed, or its machine is lost
            return Ending(End.LOST, _first_line(error))
        except submitit.core.utils.FailedJobError as error:
            return Ending(End.FAILED, _first_line(error))
        return ending

    @override
    def cancel(self, submitted: Sequence[Submitted]) -> None:
        for one in submitted:
            one.work.cancel()

    @override
    def waits_for(self) -> str | None:
        return None  # SLURM queues.


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]
