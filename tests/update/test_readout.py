"""What steps leave on the device until the host looks: when it has to, when it should, and what it finds then."""

import math

import pytest
import torch
from torch import Tensor

from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.update.readout import CAPACITY, KEPT, READ_EVERY, Readout
from lightning_go4align.update.record import StepRecord

TASKS = ("depth", "normal")


def record(*losses: float, weights: Tensor | None = None) -> StepRecord:
    values = torch.tensor(losses)
    return StepRecord(TASKS, values, values.nansum(), values.nan_to_num(), weights)


def test_it_is_full_with_as_many_steps_as_it_may_keep() -> None:
    readout, step = Readout(keeps_steps=True), record(1.0, 2.0)
    full = []
    for number in range(KEPT):
        readout.keep(number, step)
        full.append(readout.is_full)
    assert full == [False] * (KEPT - 1) + [True]
    readout.note(KEPT - 1, step)
    numbers = readout.read()
    assert numbers is not None
    assert numbers.watched is not None
    assert len(numbers.watched.losses) == KEPT


def test_it_is_empty_again_when_the_host_has_read() -> None:
    readout, step = Readout(keeps_steps=True), record(1.0, 2.0)
    for number in range(KEPT):
        readout.keep(number, step)
    readout.note(KEPT - 1, step)
    readout.read()
    assert not readout.is_full


def test_what_a_method_does_not_find_is_no_group_and_no_number() -> None:
    readout = Readout(keeps_steps=True)
    grouping = Grouping(torch.tensor([0, 1]), torch.tensor([0.5, 2.0]))
    losses, weights = torch.tensor([3.0, 1.0]), torch.tensor([0.5, 2.0])
    whole = StepRecord(TASKS, losses, losses.sum(), losses, weights, 2 * weights, grouping)
    for number, step in enumerate((record(1.0, math.nan), whole)):
        readout.note(number, step)
        readout.keep(number, step)
    numbers = readout.read()
    assert numbers is not None
    assert numbers.watched is not None
    tasks, *found = numbers.watched
    expected = [
        [[-1, -1], [0, 1]],
        [[math.nan] * 2, [0.5, 2.0]],
        [[math.nan] * 2, [1.0, 4.0]],
        [[1.0, math.nan], [3.0, 1.0]],
    ]
    assert tasks == TASKS
    for values, wanted in zip(found, expected, strict=True):
        torch.testing.assert_close(values, torch.tensor(wanted), equal_nan=True)


def due(wait: int, until: int, reads: bool) -> list[int]:
    readout, found = Readout(), []
    for number in range(1, until + 1):
        readout.note(number, step := record(1.0, 2.0))
        readout.keep(number, step)
        if readout.is_due(wait):
            found.append(number)
            if reads:
                readout.read()
    return found


def test_the_host_looks_soon_at_first_and_then_after_as_many_steps_as_it_waits() -> None:
    assert due(wait=10, until=60, reads=True) == [1, 2, 4, 8, 16, 26, 32, 42, 52]


def test_who_does_not_look_is_asked_at_every_step_after_the_wait() -> None:
    assert due(wait=10, until=14, reads=False) == [1, 2, 4, 8, 10, 11, 12, 13, 14]


def test_where_a_look_would_stall_it_is_due_every_thousand_steps() -> None:
    readout = Readout()
    meta = torch.empty(2, device="meta")
    step = StepRecord(TASKS, meta, meta.sum(), meta)
    found = []
    for number in range(1, 2 * READ_EVERY + 1):
        readout.keep(number, step)
        found += [number] if readout.is_due() else []
    assert found == [READ_EVERY, 2 * READ_EVERY]


@pytest.mark.parametrize("number", [1, CAPACITY - 1, CAPACITY, CAPACITY + 1])
def test_means_are_of_the_epochs_own_steps(number: int) -> None:
    readout = Readout()
    for step in range(number):
        readout.note(step, record(100.0, 200.0))
    readout.begin_epoch()
    assert readout.means() == {}
    readout.note(number, record(1.0, 2.0, weights=torch.tensor([1.0, 0.5])))
    readout.note(number + 1, record(3.0, math.nan, weights=torch.tensor([2.0, 0.5])))
    expected = {"loss/depth": 2.0, "loss/normal": 2.0, "weight/depth": 1.5, "weight/normal": 0.5, "objective": 3.0}
    assert {name: float(value) for name, value in readout.means().items()} == expected


@pytest.mark.parametrize("groups", [True, False])
def test_a_copy_stays_as_it_was_when_the_method_writes_to_its_memory_again(groups: bool) -> None:
    def made() -> StepRecord:
        numbers = [torch.tensor([1.0, 2.0]) for _ in range(4)]
        grouping = Grouping(torch.tensor([0, 1]), numbers[0]) if groups else None
        return StepRecord(
            TASKS,
            numbers[3],
            torch.tensor(3.0),
            numbers[3],
            numbers[1] if groups else None,
            numbers[2] if groups else None,
            grouping,
        )

    of_method = made()
    copied = of_method.copied()
    found = [of_method.objective, of_method.weights, of_method.indicators, *(of_method.grouping or ())]
    for part in found:
        if part is not None:
            part.zero_()
    assert repr(copied) == repr(made())


def test_weights_in_bfloat16_are_averaged_in_float32() -> None:
    readout = Readout()
    weights = torch.tensor([1.0, 2.0], dtype=torch.bfloat16)
    for number in range(CAPACITY):
        readout.note(number, record(1.0, 2.0, weights=weights + number % 2 / 128))
    means = readout.means()
    expected = torch.tensor([1.0, 2.0]) + torch.tensor([1, 0]) / 256  # 2 + 1/128 is 2 in bfloat16.
    found = torch.stack([means["weight/depth"], means["weight/normal"]])
    torch.testing.assert_close(found, expected.to(found.dtype))


def test_what_was_noted_is_looked_at_before_much_of_it_waits() -> None:
    readout = Readout()
    for number in range(3 * CAPACITY + 1):
        step = record(float(number), 1.0)
        readout.note(number, step)
        waiting = [one for _, one in readout._waiting]
        assert len(waiting) == (number + 1) % CAPACITY
