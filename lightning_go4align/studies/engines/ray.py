"""Runs as tasks of a Ray cluster; needs ``ray``."""

from collections.abc import Sequence
from pathlib import Path

import ray
from typing_extensions import override

from lightning_go4align.studies.attempt import End, Ending, Performance
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.resources import GIB, Resources, threads

LOSSES = (
    ray.exceptions.WorkerCrashedError,
    ray.exceptions.NodeDiedError,
    ray.exceptions.LocalRayletDiedError,
    ray.exceptions.OutOfMemoryError,
)
PATIENCE_SECONDS = 60.0


class RayEngine(Engine):
    """Runs wherever Ray has room; Ray itself pins GPUs and queues.

    Machines share the study's folder, and have the same environment of Python.

    Args:
        resources: What each run takes.
        address: The cluster; the one that ``RAY_ADDRESS`` names, or a new one on this machine, if not given.

    Raises:
        ValueError: If no machine of the cluster can ever run one.
    """

    def __init__(self, resources: Resources, address: str | None = None) -> None:
        if not ray.is_initialized():
            ray.init(address=address, log_to_driver=False, include_dashboard=None if address else False)
        nodes = [node["Resources"] for node in ray.nodes() if node["Alive"]]
        gpus = resources.gpus
        if gpus is None:
            gpus = min(1, max(node.get("GPU", 0) for node in nodes))
        needs = {"CPU": resources.cpus or 1, "GPU": gpus, "memory": (resources.memory_gb or 0) * GIB}
        if not any(all(node.get(name, 0) >= number for name, number in needs.items()) for node in nodes):
            raise ValueError(
                f"Each run asks for {needs}, which no machine of the Ray cluster has: {nodes}. Lower `resources` of "
                "the study."
            )
        self._perform = ray.remote(Performance.__call__).options(
            num_cpus=needs["CPU"], num_gpus=needs["GPU"], memory=needs["memory"] or None, max_retries=0
        )
        self._environment = threads(resources.cpus)

    @override
    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        work = [Performance(run, self._environment, Path.cwd()) for run in runs]
        return [Submitted(one.run, self._perform.remote(one)) for one in work]

    @override
    def poll(self, submitted: Submitted) -> bool:
        ended, _ = ray.wait([submitted.work], timeout=0)
        return bool(ended)

    @override
    def collect(self, submitted: Submitted) -> Ending:
        try:
            ending: Ending = ray.get(submitted.work)
        except LOSSES as error:
            return Ending(End.LOST, str(error).strip().splitlines()[0])
        except ray.exceptions.RayError as error:
            return Ending(End.FAILED, str(error).strip().splitlines()[-1])
        return ending

    @override
    def cancel(self, submitted: Sequence[Submitted]) -> None:
        for one in submitted:
            ray.cancel(one.work)  # not by force, so that the run is stopped and left to others
        if submitted:
            ray.wait([one.work for one in submitted], num_returns=len(submitted), timeout=PATIENCE_SECONDS)

    @override
    def waits_for(self) -> str | None:
        return None  # Ray queues.
