"""Of a long run steps are dropped, but never that a loss was not finite."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from lightning_go4align.history import History
from lightning_go4align.monitors.recorder import Recorder
from lightning_go4align.monitors.showing import drawn_figures
from lightning_go4align.report.alarms import alarms


def recorded(losses: torch.Tensor, capacity: int, sizes: list[int]) -> Any:
    recorder = Recorder(History.empty(["a", "b"]), capacity)
    start = 0
    for size in [*sizes, len(losses)]:
        part = losses[start : start + size]
        if len(part):
            recorder.extend(torch.zeros(part.shape, dtype=torch.int64), torch.ones_like(part), part, part)
        start += size
    return recorder.history


@pytest.mark.parametrize("bad", range(40))
def test_one_bad_loss_is_told_wherever_it_was(bad: int) -> None:
    losses = torch.ones(40, 2)
    losses[bad, 1] = math.inf
    history = recorded(losses, capacity=4, sizes=[7] * 6)
    (found,) = [alarm for alarm in alarms(history) if "not finite" in alarm.what]
    assert "**b**" in found.what
    assert "1 of" in found.what
    step = history.steps[torch.as_tensor(history.losses).isinf().any(1).numpy()].item()
    assert step <= bad < step + (history.steps[1] - history.steps[0])


@given(st.lists(st.integers(0, 59), max_size=5), st.lists(st.integers(1, 9), max_size=12), st.integers(2, 9))
def test_it_does_not_matter_in_what_pieces_steps_come(bad: list[int], sizes: list[int], capacity: int) -> None:
    losses = torch.arange(120, dtype=torch.float32).view(60, 2)
    losses[bad, 0] = math.inf
    pieces, whole = recorded(losses, capacity, sizes), recorded(losses, capacity, [])
    assert pieces.losses.tolist() == whole.losses.tolist()
    assert pieces.steps.tolist() == whole.steps.tolist()


def test_groups_of_dropped_steps_alone_leave_a_page_all_the_same() -> None:
    recorder, ones = Recorder(History.empty(["a", "b"]), capacity=4), torch.ones(12, 2)
    groups = torch.where(torch.arange(12)[:, None] % 2 == 1, torch.tensor([0, 1]), -1)
    recorder.extend(groups, ones, ones, ones)
    assert (recorder.history.grouped, recorder.history.num_groups) == (True, 0)
    for name in dict(drawn_figures(recorder.history)):
        assert name
