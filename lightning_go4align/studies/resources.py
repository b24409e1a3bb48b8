"""What a run needs of a machine, and what a machine has left: values."""

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import NamedTuple

GIB = 2**30


@dataclass(frozen=True)
class Resources:
    """What each run of a study takes.

    Args:
        gpus: GPUs, a whole number or a fraction of one, such as 0.5 for two runs on each; as many as its
            ``trainer.devices`` use. If not given, one where there are any.
        cpus: Processors, which is its number of threads. If not given, one thread, but runs are not counted by it.
        memory_gb: Memory in GiB. If not given, runs are not counted by it.

    Raises:
        ValueError: If a number makes no sense.

    Example:
        >>> Resources(gpus=0.5, cpus=4).cpus
        4
    """

    gpus: float | None = None
    cpus: int | None = None
    memory_gb: float | None = None

    def __post_init__(self) -> None:
        gpus = self.gpus or 0.0
        if not (0 <= gpus < math.inf) or (gpus > 1 and gpus != int(gpus)):
            raise ValueError(f"`resources.gpus` must be a fraction of 1 or a whole number, but is {self.gpus}.")
        for name, value in {"cpus": self.cpus, "memory_gb": self.memory_gb}.items():
            if value is not None and not 0 < value < math.inf:
                raise ValueError(f"`resources.{name}` must be above 0, but is {value}. Leave it out for no limit.")


class Share(NamedTuple):
    """What a run has been given.

    Args:
        gpus: Names of its GPUs, as ``CUDA_VISIBLE_DEVICES`` takes them.
        fraction: How much of each of them.
        cpus: Processors.
        memory_gb: Memory in GiB.
    """

    gpus: tuple[str, ...]
    fraction: float
    cpus: int
    memory_gb: float


@dataclass(frozen=True)
class Pool:
    """What a machine has left for runs: taking from it, or giving back, makes another pool.

    Args:
        jobs: How many more runs may start.
        gpus: Free part of each GPU, by the names that ``CUDA_VISIBLE_DEVICES`` takes.
        cpus: Free processors.
        memory_gb: Free memory in GiB.

    Example:
        >>> pool = Pool.of(jobs=8, gpus=["0", "1"], cpus=8, memory_gb=32)
        >>> share = pool.share(Resources(gpus=1, cpus=4))
        >>> share.gpus, pool.without(share).lack(Resources(gpus=2))
        (('0',), '2 GPUs, of which 1 free')
    """

    jobs: int
    gpus: Mapping[str, float]
    cpus: int
    memory_gb: float

    @classmethod
    def of(cls, jobs: int, gpus: Sequence[str], cpus: int, memory_gb: float) -> "Pool":
        """Make the pool of an idle machine.

        Raises:
            ValueError: If a GPU is named twice.
        """
        if len(set(gpus)) < len(gpus):
            raise ValueError(f"`gpus` must name each GPU once, but is {list(gpus)}.")
        return cls(jobs, MappingProxyType(dict.fromkeys(gpus, 1.0)), cpus, memory_gb)

    def share(self, request: Resources) -> Share:
        """Choose what a run gets; the fullest GPUs first, so that whole ones are left for others.

        Args:
            request: What it needs, which :meth:`lack` finds there.
        """
        number, fraction = self._gpus(request)
        fitting = [name for name, free in self.gpus.items() if free >= fraction]
        chosen = sorted(fitting, key=lambda name: self.gpus[name])[:number]
        names = tuple(name for name in self.gpus if name in chosen)
        return Share(names, fraction, request.cpus or 0, request.memory_gb or 0.0)

    def lack(self, request: Resources) -> str | None:
        """Say what is missing for a run; None if nothing is."""
        number, fraction = self._gpus(request)
        fitting = sum(free >= fraction for free in self.gpus.values())
        if self.jobs < 1:
            return "another run to end, of as many as `jobs` allows"
        if fitting < number:
            return f"{request.gpus or 1:g} GPUs, of which {fitting} free"
        if (request.cpus or 0) > self.cpus:
            return f"{request.cpus} processors, of which {self.cpus} free"
        if (request.memory_gb or 0) > self.memory_gb:
            return f"{request.memory_gb:g} GiB of memory, of which {self.memory_gb:.1f} free"
        return None

    def _gpus(self, request: Resources) -> tuple[int, float]:
        """Number of GPUs, and how much of each."""
        gpus = min(1, len(self.gpus)) if request.gpus is None else request.gpus
        return math.ceil(gpus), 1.0 if gpus >= 1 else gpus

    def without(self, share: Share) -> "Pool":
        """The pool once a share has been taken."""
        return self._changed(share, -1)

    def with_back(self, share: Share) -> "Pool":
        """The pool once a share has been given back."""
        return self._changed(share, 1)

    def _changed(self, share: Share, sign: int) -> "Pool":
        # Rounded: thirds of a GPU, taken and given back, must make a whole one again.
        changed = {name: round(self.gpus[name] + sign * share.fraction, 9) for name in share.gpus}
        return replace(
            self,
            jobs=self.jobs + sign,
            gpus=MappingProxyType({**self.gpus, **changed}),
            cpus=self.cpus + sign * share.cpus,
            memory_gb=self.memory_gb + sign * share.memory_gb,
        )


def environment(pool: Pool, share: Share) -> dict[str, str]:
    """What a run finds in its environment, so that it uses its share and nothing else.

    Args:
        pool: The pool that the share is from; nothing is said of GPUs where it has none.
        share: What the run has been given.

    Example:
        >>> pool = Pool.of(1, ["0", "1"], cpus=8, memory_gb=1)
        >>> environment(pool, Share(("1",), 1.0, cpus=4, memory_gb=0.0))
        {'CUDA_VISIBLE_DEVICES': '1', 'OMP_NUM_THREADS': '4'}
    """
    devices = {"CUDA_VISIBLE_DEVICES": ",".join(share.gpus)} if pool.gpus else {}
    return devices | threads(share.cpus)


def threads(cpus: int | None) -> dict[str, str]:
    """Number of threads of a run: as many as it has processors, else what the user's environment says, else one."""
    return {"OMP_NUM_THREADS": str(cpus) if cpus else os.environ.get("OMP_NUM_THREADS", "1")}
