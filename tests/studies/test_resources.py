import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_go4align.studies.machine import memory_gb, processors, this_machine, visible_gpus
from lightning_go4align.studies.resources import Pool, Resources, Share, environment

FRACTIONS = [0, 0.1, 0.25, 1 / 3, 0.5, 1, 2, 3]


@given(st.data(), st.integers(0, 4))
def test_no_more_is_given_than_there_is_and_all_comes_back(data: st.DataObject, num_gpus: int) -> None:
    idle = pool = Pool.of(jobs=6, gpus=[str(gpu) for gpu in range(num_gpus)], cpus=8, memory_gb=16)
    given_out: list[Share] = []
    for _ in range(data.draw(st.integers(0, 20))):
        asked = Resources(data.draw(st.sampled_from(FRACTIONS)), data.draw(st.sampled_from([None, 1, 3])), 4)
        if pool.lack(asked) is None and data.draw(st.booleans()):
            share = pool.share(asked)
            assert len(set(share.gpus)) * share.fraction == pytest.approx(asked.gpus)
            given_out.append(share)
            pool = pool.without(share)
        elif given_out:
            pool = pool.with_back(given_out.pop(data.draw(st.integers(0, len(given_out) - 1))))
        for gpu in idle.gpus:
            assert sum(share.fraction for share in given_out if gpu in share.gpus) <= 1 + 1e-8
        assert sum(share.cpus for share in given_out) <= 8
        assert sum(share.memory_gb for share in given_out) <= 16
        assert len(given_out) <= 6
    for share in given_out:
        pool = pool.with_back(share)
    assert pool == idle


def test_three_thirds_share_a_gpu_and_a_fourth_does_not() -> None:
    pool, third = Pool.of(9, ["7"], 9, 9), Resources(gpus=1 / 3)
    for _ in range(3):
        pool = pool.without(pool.share(third))
    assert pool.lack(third) == "0.333333 GPUs, of which 0 free"


def test_fractions_fill_a_gpu_before_they_break_another() -> None:
    pool, half = Pool.of(9, ["0", "1"], 9, 9), Resources(gpus=0.5)
    shares = []
    for _ in range(2):
        shares.append(pool.share(half))
        pool = pool.without(shares[-1])
    assert [share.gpus for share in shares] == [("0",), ("0",)]


@pytest.mark.parametrize(
    ("asked", "lack"),
    [
        pytest.param(Resources(gpus=3), "3 GPUs, of which 2 free", id="gpus"),
        pytest.param(Resources(cpus=5), "5 processors, of which 4 free", id="cpus"),
        pytest.param(Resources(memory_gb=9), "9 GiB of memory, of which 8.0 free", id="memory"),
        pytest.param(Resources(), None, id="nothing"),
    ],
)
def test_what_is_missing_is_named(asked: Resources, lack: str | None) -> None:
    assert Pool.of(1, ["0", "1"], 4, 8).lack(asked) == lack


@pytest.mark.parametrize("name", ["gpus", "cpus", "memory_gb"])
@pytest.mark.parametrize("value", [-1, float("nan"), float("inf")])
def test_resources_that_make_no_sense_are_refused(name: str, value: float) -> None:
    with pytest.raises(ValueError, match=f"`resources.{name}` must be"):
        Resources(**{name: value})  # type: ignore[arg-type]  # One argument or another.


def test_one_and_a_half_gpus_are_refused() -> None:
    with pytest.raises(ValueError, match=r"a fraction of 1 or a whole number, but is 1\.5"):
        Resources(gpus=1.5)


def test_a_gpu_named_twice_would_be_given_twice() -> None:
    with pytest.raises(ValueError, match="each GPU once"):
        Pool.of(1, ["0", "1", "0"], 1, 1)


@pytest.mark.parametrize(
    ("gpus", "asked", "devices"),
    [
        pytest.param(["0", "1"], Resources(), {"CUDA_VISIBLE_DEVICES": "0"}, id="one if nothing is said"),
        pytest.param(["GPU-a", "GPU-b"], Resources(gpus=2), {"CUDA_VISIBLE_DEVICES": "GPU-a,GPU-b"}, id="two"),
        pytest.param(["0", "1"], Resources(gpus=0), {"CUDA_VISIBLE_DEVICES": ""}, id="none"),
        pytest.param([], Resources(), {}, id="a machine without"),
    ],
)
def test_a_run_sees_its_gpus_and_no_others(gpus: list[str], asked: Resources, devices: dict[str, Any]) -> None:
    pool = Pool.of(1, gpus, 4, 8)
    assert environment(pool, pool.share(asked)) == {**devices, "OMP_NUM_THREADS": "1"}


def test_threads_are_the_processors_whatever_the_user_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    pool = Pool.of(1, [], 4, 8)
    asked = {cpus: environment(pool, pool.share(Resources(cpus=cpus))) for cpus in (3, None)}
    assert asked == {3: {"OMP_NUM_THREADS": "3"}, None: {"OMP_NUM_THREADS": "7"}}


def test_gpus_that_the_user_has_hidden_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "2, 3")
    assert visible_gpus() == ["2", "3"]
    assert set(this_machine(1).gpus) == {"2", "3"}
    assert set(this_machine(1, gpus=["5"]).gpus) == {"5"}


@pytest.mark.parametrize(
    ("named", "seen"),
    [
        pytest.param("", [], id="none"),
        pytest.param("-1", [], id="none, as many write it"),
        pytest.param("0,-1,1", ["0"], id="none from there on"),
        pytest.param("NoDevFiles", [], id="none, as SLURM writes it"),
        pytest.param("GPU-8f2c, MIG-1a", ["GPU-8f2c", "MIG-1a"], id="by name"),
    ],
)
def test_gpus_are_those_that_cuda_would_show(monkeypatch: pytest.MonkeyPatch, named: str, seen: list[str]) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == seen


def limits(place: Path, ours: str, **files: str) -> dict[str, Path]:
    """Limits of groups as the kernel shows them."""
    for name, content in files.items():
        file = place / "cgroup" / name.replace("__", "/").replace("_max", ".max")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"{content}\n")
    (place / "ours").write_text(f"{ours}\n")
    return {"cgroups": place / "cgroup", "ours": place / "ours"}


def test_a_container_has_the_memory_that_it_may_use(tmp_path: Path) -> None:
    assert memory_gb(**limits(tmp_path, "0::/", memory_max=str(2**28))) == 0.25


def test_a_job_has_the_lowest_limit_of_all_that_it_is_in(tmp_path: Path) -> None:
    files = {"slurm__job_max": "max", "slurm__job__memory_max": str(2**28), "slurm__memory_max": str(2**27)}
    assert memory_gb(**limits(tmp_path, "0::/slurm/job", **files)) == 0.125


def test_the_older_kind_of_limit_counts_as_well(tmp_path: Path) -> None:
    files = {"memory__docker__memory.limit_in_bytes": str(2**28)}
    assert memory_gb(**limits(tmp_path, "9:memory:/docker\n1:name=systemd:/", **files)) == 0.25


def test_a_share_of_a_processor_is_one(tmp_path: Path) -> None:
    assert processors(**limits(tmp_path, "0::/", cpu_max="50000 100000")) == 1


@pytest.mark.parametrize("ours", ["0::/", "0::/elsewhere"])
def test_what_is_not_limited_is_all_there_is(tmp_path: Path, ours: str) -> None:
    free = limits(tmp_path, ours, memory_max="max", cpu_max="max 100000")
    assert processors(**free) == len(os.sched_getaffinity(0))
    (total,) = [line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemTotal")]
    assert memory_gb(**free) == pytest.approx(int(total.split()[1]) / 2**20)
