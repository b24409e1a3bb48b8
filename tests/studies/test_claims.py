import multiprocessing
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest

from lightning_go4align.studies.claims import Claim, ClaimLostError, holder, take


def owned_elsewhere(folder: Path, age: float) -> Claim:
    """A claim of a machine that is not this one, whose last sign of life is some seconds old."""
    claim = take(folder)
    owner = claim.folder / "owner.json"
    owner.write_text('{"pid": 1, "host": "node-7", "space": "node-7 0 pid:[1]"}')
    os.utime(claim.folder, (time.time() - age, time.time() - age))
    return claim


def test_a_claim_names_its_owner(tmp_path: Path) -> None:
    take(tmp_path)
    assert holder(tmp_path) == f"process {os.getpid()} on {os.uname().nodename}"


def test_a_released_folder_is_free_and_nothing_piles_up_in_it(tmp_path: Path) -> None:
    for _ in range(5):
        take(tmp_path).release()
    assert holder(tmp_path) is None
    assert len(list((tmp_path / "claims").iterdir())) == 1


def test_a_number_is_never_given_again(tmp_path: Path) -> None:
    """Else who judged the first claim and was slow would take over the second, of the same number, which holds."""
    first = take(tmp_path)
    first.release()
    second = take(tmp_path)
    assert int(second.folder.name) > int(first.folder.name)


def test_the_claim_of_a_process_that_has_ended_is_taken_over_at_once(tmp_path: Path) -> None:
    process = multiprocessing.get_context("fork").Process(target=take, args=(tmp_path,))
    process.start()
    process.join()
    assert take(tmp_path).folder.name == "2"


def test_a_process_that_has_ended_holds_while_who_started_it_has_not_seen_it(tmp_path: Path) -> None:
    """Else another study takes the run between its end and the mark that it is finished."""
    claim = take(tmp_path)
    process = multiprocessing.get_context("fork").Process(target=claim.adopt)
    process.start()
    process.join()
    assert take(tmp_path) is None
    claim.release()
    assert take(tmp_path) is not None


@pytest.mark.parametrize(("age", "is_free"), [(100, False), (130, True)])
def test_a_claim_from_elsewhere_is_taken_over_once_it_gives_no_sign_of_life(
    tmp_path: Path, age: int, is_free: bool
) -> None:
    owned_elsewhere(tmp_path, age)
    assert (take(tmp_path) is not None) is is_free


def test_who_was_taken_over_learns_of_it(tmp_path: Path) -> None:
    before = owned_elsewhere(tmp_path, age=130)
    take(tmp_path)
    with pytest.raises(ClaimLostError, match="has taken over"):
        before.beat()


def test_who_was_taken_over_releases_nothing_of_the_other(tmp_path: Path) -> None:
    before = owned_elsewhere(tmp_path, age=130)
    after = take(tmp_path)
    before.release()
    after.beat()
    assert take(tmp_path) is None


def test_who_finds_its_claim_gone_has_lost_it(tmp_path: Path) -> None:
    before = owned_elsewhere(tmp_path, age=130)
    take(tmp_path).release()
    with pytest.raises(ClaimLostError):
        before.beat()


def test_a_beat_is_a_sign_of_life(tmp_path: Path) -> None:
    claim = owned_elsewhere(tmp_path, age=130)
    claim.beat()
    assert take(tmp_path) is None


def _enter(folder: Path, times: int) -> None:
    """Take, look whether anybody else is inside, release; until it has come in some times."""
    while times:
        claim = take(folder)
        if claim is None:
            time.sleep(0.001)
            continue
        (folder / "inside").mkdir()  # fails if another process is
        (folder / "inside").rmdir()
        claim.release()
        times -= 1


def test_of_many_processes_one_at_a_time_has_the_claim_and_each_gets_it(tmp_path: Path) -> None:
    # Not `Pool`, which ends its processes by a signal, for which a test in this process may have had a handler.
    with ProcessPoolExecutor(4, multiprocessing.get_context("fork")) as pool:
        list(pool.map(_enter, [tmp_path] * 4, [20] * 4))
    assert holder(tmp_path) is None


def _race_for_a_stale_claim(folder: Path, barrier: Barrier) -> bool:
    barrier.wait()
    return take(folder) is not None


def test_of_many_processes_one_takes_over(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    with context.Manager() as manager, ProcessPoolExecutor(4, context) as pool:
        barrier = manager.Barrier(4)
        for round in range(20):
            folder = tmp_path / str(round)
            owned_elsewhere(folder, age=130)
            assert sum(pool.map(_race_for_a_stale_claim, [folder] * 4, [barrier] * 4)) == 1
