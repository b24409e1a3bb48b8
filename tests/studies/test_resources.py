from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lightning_go4align.studies.resources import Pool, Resources, Share, environment, this_machine, visible_gpus

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
        Resources(**{name: value})  # type: ignore[arg-type]


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
