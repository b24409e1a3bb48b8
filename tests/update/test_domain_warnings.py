"""Losses outside a method's domain, or not finite, are told once, with what helps."""

import math
from typing import Any

import pytest
import torch
from sized import heard
from torchjd.scalarization import FAMO, IMTLL, UW

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.methods import WithFactors, WithLowerBounds
from lightning_go4align.update.readout import CAPACITY


@pytest.mark.parametrize("offset", [-1000.0, -1.0])
def test_the_robust_method_takes_negative_losses_without_a_word(offset: float) -> None:
    assert heard(RobustGO4Align(), offset, 1.0, lambda batch: (-1) ** batch * 0.1, steps=150)[0] == []


@pytest.mark.parametrize(
    ("method", "mend"),
    [
        pytest.param(lambda: GO4Align(2), "WithLowerBounds(GO4Align(...)", id="GO4Align"),
        pytest.param(lambda: UW(3), "WithLowerBounds(UW(...)", id="UW"),
        pytest.param(lambda: IMTLL(3), "WithLowerBounds(IMTLL(...)", id="IMTL-L"),
    ],
)
@pytest.mark.parametrize("first", [0, 700], ids=["from the start", "late"])
def test_a_negative_loss_is_told_between_two_logging_steps_and_without_a_logger(
    method: Any, mend: str, first: int
) -> None:
    found, after = heard(method(), lambda batch: -1.0 if batch >= first else 1.0, 1.0, 1.2, steps=first + 80)
    (message,) = found
    assert f"task 'large' was negative in step {'' if first else 0}" in message
    assert mend in message
    assert after[first + CAPACITY] == 1


@pytest.mark.parametrize(
    ("method", "mend"),
    [
        pytest.param(lambda: FAMO(3), "FAMO(..., min_losses=...)", id="FAMO"),
        pytest.param(lambda: UW(3), "WithLowerBounds(UW(...)", id="UW"),
        pytest.param(lambda: WithFactors(IMTLL(3), {"one": 0.5}), "WithLowerBounds(IMTLL(...)", id="IMTL-L"),
    ],
)
def test_a_loss_of_0_is_told_to_whom_it_does_harm(method: Any, mend: str) -> None:
    (message,), _ = heard(method(), lambda batch: max(0.0, 1.0 - batch / 10), 1.0, 1.2, steps=140)
    assert "The loss of task 'large' was exactly 0 in step" in message
    assert mend in message
    assert "return None" in message


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(RobustGO4Align, id="robust"),
        pytest.param(lambda: GO4Align(2), id="GO4Align"),
        pytest.param(lambda: FAMO(3, min_losses=torch.full((3,), -0.1)), id="FAMO with bounds"),
        pytest.param(lambda: WithLowerBounds(UW(3), [-0.1, 0.0, 0.0]), id="UW with bounds"),
    ],
)
def test_a_loss_of_0_is_no_news_to_others_and_none_is_no_loss_of_0(method: Any) -> None:
    assert heard(method(), lambda batch: max(0.0, 1.0 - batch / 10), 1.0, 1.2, steps=140)[0] == []
    assert heard(FAMO(3), lambda batch: None if batch % 2 else 1.0, 1.0, 1.2, steps=140)[0] == []


def test_declared_bounds_are_the_mend_that_is_promised() -> None:
    assert heard(WithLowerBounds(UW(3), bounds=[-2.0, 0.0, 0.0]), -1.0, 1.0, 1.2, steps=80)[0] == []
    assert heard(FAMO(3, min_losses=torch.tensor([-2.0, 0.0, 0.0])), -1.0, 1.0, 1.2, steps=80)[0] == []


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(lambda: WithLowerBounds(UW(3), bounds=[-2.0, 0.0, 0.0]), id="UW"),
        pytest.param(
            lambda: WithFactors(WithLowerBounds(UW(3), [-2.0, 0.0, 0.0]), {"large": 0.5}), id="with factors"
        ),
        pytest.param(lambda: WithLowerBounds(GO4Align(2), bounds=[-2.0, 0.0, 0.0]), id="GO4Align"),
    ],
)
def test_a_bound_that_was_guessed_too_high_is_told(method: Any) -> None:
    found, after = heard(method(), lambda batch: 1.0 - batch / 10, 1.0, 1.2, steps=140)
    (message,) = found
    assert "task 'large' fell to -2.1" in message
    assert "below its declared bound, -2" in message
    assert after[30] == 0  # The loss is -2 in batch 30.


def test_a_bound_above_0_is_missed_without_any_negative_loss() -> None:
    found, _ = heard(WithLowerBounds(UW(3), [3.0, 0.0, 0.0]), lambda batch: 4.0 - batch / 100, 1.0, 1.2, steps=140)
    (message,) = found
    assert "below its declared bound, 3" in message


def test_a_negative_loss_is_told_of_a_task_with_a_factor() -> None:
    (message,), _ = heard(WithFactors(UW(3), {"large": 0.5}), -1.0, 1.0, 1.2, steps=10)
    assert "task 'large' was negative in step 0" in message


def test_of_several_tasks_that_turn_bad_the_first_is_named_and_how_often() -> None:
    found, _ = heard(
        RobustGO4Align(),
        lambda batch: math.nan if batch % 100 == 12 else 1.0,
        lambda batch: math.nan if batch == 11 else 1.0,
        1.2,
        steps=800,
    )
    assert [message.partition(":")[0] for message in found] == [
        "The loss of task 'one' was not finite in step 11",
        "The loss of task 'large' was not finite in step 112",
        "The loss of task 'large' was not finite in step 312, 4 times by now",
        "The loss of task 'large' was not finite in step 712, 8 times by now",
    ]
    assert found[0].endswith("So it is with ['large'].")
