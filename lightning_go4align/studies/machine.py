"""What this machine has, as far as this process may use it."""

import math
import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from lightning_go4align.studies.resources import GIB, Pool

CGROUPS = Path("/sys/fs/cgroup")


def this_machine(jobs: int, gpus: Sequence[str] | None = None) -> Pool:
    """Make the pool of this machine; of a container, or a job of SLURM, what that has.

    Args:
        jobs: Number of runs side by side.
        gpus: The GPUs to use; those that CUDA shows if not given.
    """
    return Pool.of(jobs, visible_gpus() if gpus is None else gpus, processors(), memory_gb())


def visible_gpus() -> list[str]:
    """Name the GPUs of this machine as ``CUDA_VISIBLE_DEVICES`` does, and no others than it names."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    if named is not None:
        names = [name.strip() for name in named.split(",")]
        # As CUDA reads it: what follows a name that is none, such as -1, is hidden.
        ends = [place for place, name in enumerate(names) if not name or name.startswith("-") or name == "NoDevFiles"]
        return names[: min(ends, default=len(names))]
    import torch  # here, for the import takes longer than all else, and not every caller has a GPU to ask for

    return [str(index) for index in range(torch.cuda.device_count())]


def processors(cgroups: Path = CGROUPS, ours: Path = Path("/proc/self/cgroup")) -> int:
    """Number of processors that this process may use.

    Args:
        cgroups: Where the system keeps its limits.
        ours: The file that says which of them are this process's.
    """
    there = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [limit.split() for limit in _limits("cpu.max", cgroups, ours)]
    return min([there, *(math.ceil(int(quota) / int(period)) for quota, period in quotas if quota != "max")])


def memory_gb(cgroups: Path = CGROUPS, ours: Path = Path("/proc/self/cgroup")) -> float:
    """Memory that this process may use, in GiB.

    Args:
        cgroups: Where the system keeps its limits.
        ours: The file that says which of them are this process's.
    """
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    found = [*_limits("memory.max", cgroups, ours), *_limits("memory.limit_in_bytes", cgroups / "memory", ours)]
    return min([there, *(int(limit) for limit in found if limit != "max")]) / GIB


def _limits(name: str, cgroups: Path, ours: Path) -> Iterator[str]:
    """Limits of the groups that this process is in, of which the lowest holds."""
    try:
        lines = ours.read_text().splitlines()
    except OSError:  # no Linux
        return
    groups = {Path(line.split(":", 2)[2].lstrip("/")) for line in lines}
    folders = {cgroups / above for group in groups for above in (group, *group.parents)}
    yield from ((folder / name).read_text().strip() for folder in folders if (folder / name).is_file())
