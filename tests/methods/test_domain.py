from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchjd.aggregation import MGDA, UPGrad
from torchjd.scalarization import DWA, FAMO, IMTLL, STCH, UW, GeometricMean, Random, Sum

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.methods import (
    DBMTL,
    LDCMTL,
    NTKMTL,
    SI,
    UWSO,
    FixedWeights,
    GradNorm,
    GroupedAggregator,
    GroupedScalarizer,
    Level,
    SingleTask,
    Smoothness,
    WindowedDWA,
    WithFactors,
    WithLearningRate,
    WithLowerBounds,
    requires_positive_losses,
    why_positive,
)

# What each does with a loss below 0, found by trying: a weight of 0 or NaN, or one that grows in every step.
POSITIVE = {
    "UW": lambda: UW(2),
    "IMTL-L": lambda: IMTLL(2),
    "FAMO": lambda: FAMO(2),
    "SI": SI,
    "UW-SO": UWSO,
    "GO4Align": lambda: GO4Align(2),
    "smoothness": Smoothness,
    "LDC-MTL": lambda: LDCMTL(2),
    "robust by levels": lambda: RobustGO4Align(scale=Level()),
    "AGRM over UW": lambda: GroupedScalarizer(WithLearningRate(UW(2))),
    "factors": lambda: WithFactors(SI(), [1.0, 2.0]),
}
ANY_SIGN = {
    "sum": Sum,
    "random": Random,
    "fixed": lambda: FixedWeights([1.0, 2.0]),
    "single": lambda: SingleTask(0),
    "robust": RobustGO4Align,
    "smooth Tchebycheff": lambda: STCH(0.5),
    "bounded SI": lambda: WithLowerBounds(SI(), [-1000.0, -1000.0]),
    "bounded UW": lambda: WithFactors(WithLowerBounds(UW(2), [-1000.0, -1000.0]), [1.0, 1.0]),
    "bounded FAMO": lambda: FAMO(2, min_losses=torch.tensor([-1000.0, -1000.0])),
}
NEGATIVE = torch.tensor([3.0, -5.0])


def weights(make: Callable[[], Any], steps: Any = 400) -> tuple[float, float]:
    """The weights at the first step and after a while, losses constant, everything that is learned included."""
    method, found = make(), []
    learned = list(method.parameters())
    for _ in range(steps):
        losses = NEGATIVE.clone().requires_grad_()
        gradient, *others = torch.autograd.grad(method(losses), [losses, *learned], materialize_grads=True)
        found.append(gradient)
        with torch.no_grad():
            for parameter, direction in zip(learned, others, strict=True):
                parameter -= 0.025 * direction.clamp(-1, 1)
    return found[0][1].item(), found[-1][1].item()


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in POSITIVE.items()])
def test_a_method_that_says_that_it_needs_positive_losses_does(make: Callable[..., Any]) -> None:
    assert requires_positive_losses(make())
    first, last = weights(make)
    assert not first > 0 or last > 100 * first or not last > 0


@pytest.mark.parametrize("make", [pytest.param(make, id=name) for name, make in ANY_SIGN.items()])
def test_a_method_that_does_not_say_so_takes_losses_of_any_sign(make: Callable[..., Any]) -> None:
    assert why_positive(make()) is None
    first, last = weights(make)
    assert last >= 0
    assert last <= 10 * first + 1


@pytest.mark.parametrize("make", [GeometricMean, DWA, WindowedDWA, DBMTL, lambda: GradNorm(2)])
def test_methods_by_logarithms_or_ratios_of_losses_need_positive_ones(make: Callable[..., Any]) -> None:
    assert requires_positive_losses(make())


@pytest.mark.parametrize("make", [MGDA, UPGrad, NTKMTL, lambda: GroupedAggregator(MGDA())])
def test_methods_by_gradients_take_losses_of_any_sign(make: Callable[..., Any]) -> None:
    assert not requires_positive_losses(make())


def test_the_reason_names_the_method_and_a_mend() -> None:
    reason = why_positive(WithFactors(UW(2), [1.0, 1.0]))
    assert reason.startswith("UW needs positive losses, as `exp(-s) L + s / 2` falls without bound")
    assert "RobustGO4Align" in reason
    assert "WithLowerBounds(UW(...)" in reason
    assert "min_losses" in why_positive(FAMO(2))


def test_a_lower_bound_gives_the_gradient_of_the_distance_from_it() -> None:
    losses = torch.tensor([-3.0, 5.0], requires_grad=True)
    WithLowerBounds(SI(), [-5.0, 0.0])(losses).backward()
    torch.testing.assert_close(losses.grad, torch.tensor([1 / 2, 1 / 5]))


def test_bounds_of_another_number_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="one number for each of the 2 tasks, but holds 3"):
        WithLowerBounds(SI(), [0.0, 0.0, 0.0])(NEGATIVE)


def test_bounds_of_a_method_with_a_second_look_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match="min_losses"):
        WithLowerBounds(FAMO(2), [0.0, 0.0])
