"""Which losses are taken, and which are refused."""

import re
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.scalarization import Sum

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.functional.grouping import kmeans_1d
from lightning_go4align.functional.losses import check_losses, check_number_of_tasks
from lightning_go4align.methods import (
    SI,
    UWSO,
    FixedWeights,
    GO4Align,
    GroupedScalarizer,
    RobustGO4Align,
    WindowedDWA,
)


@pytest.mark.parametrize("shape", [(0,), (2, 0)])
def test_no_loss_at_all_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=re.escape(f"at least one loss, but has the shape {list(shape)}")):
        check_losses(torch.ones(shape))


@pytest.mark.parametrize(
    ("losses", "advice"),
    [
        (1.0, "is a float."),
        ("1.0", "is a str."),
        ([torch.ones(())], "is a list: stack its losses, `torch.stack(losses)`."),
        ({"a": torch.ones(())}, "is a dict: stack its losses, `torch.stack(list(losses.values()))`."),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_tensor_is_refused_with_advice(losses: object, advice: str) -> None:
    with pytest.raises(TypeError, match=re.escape(advice)):
        check_losses(losses)  # type: ignore[arg-type]  # No tensor: what is refused here.


@pytest.mark.parametrize("shape", [(), (1,), (2, 3)])
def test_losses_of_any_shape_are_taken_as_they_are(shape: tuple[int, ...]) -> None:
    losses = torch.ones(shape, requires_grad=True)
    assert check_losses(losses) is losses


def test_complex_losses_are_refused() -> None:
    with pytest.raises(TypeError, match=r"must be real numbers, but is of torch\.complex64"):
        check_losses(torch.ones(2, dtype=torch.complex64))


def test_as_many_losses_as_the_state_is_of_are_taken_and_no_other_number() -> None:
    check_number_of_tasks(torch.ones(2), 2)
    for number in (1, 3):
        with pytest.raises(ValueError, match=str(number)):
            check_number_of_tasks(torch.ones(number), 2)


def negatives() -> Tensor:
    """The numbers 1, 2 and 3, which torch keeps as those of another tensor, to be negated."""
    return torch.tensor([1 - 1j, 1 - 2j, 1 - 3j]).conj().imag


MARKED = {"negative": (negatives, [1.0, 2.0, 3.0]), "zero": (lambda: torch._efficientzerotensor(3), [0.0, 0.0, 0.0])}


@pytest.mark.parametrize(("make", "numbers"), [pytest.param(*case, id=name) for name, case in MARKED.items()])
@pytest.mark.parametrize(
    "method",
    [
        lambda: GO4Align(2),
        RobustGO4Align,
        lambda: WindowedDWA(2),
        SI,
        UWSO,
        lambda: GroupedScalarizer(Sum()),
        lambda: FixedWeights([1.0, 2.0, 3.0]),
        lambda: kmeans_1d,
        lambda: AutomaticKMeans(),
    ],
)
def test_numbers_that_are_only_marked_count_as_they_are(
    method: Callable[[], Any], make: Callable[[], Tensor], numbers: list[float]
) -> None:
    more = (2,) if method() is kmeans_1d else ()
    found, expected = method()(make(), *more), method()(torch.tensor(numbers), *more)
    torch.testing.assert_close(found, expected, equal_nan=True)


def test_the_gradient_flows_through_a_mark() -> None:
    z = torch.tensor([1 - 1j, 1 - 2j], requires_grad=True)
    SI()(z.conj().imag).backward()
    assert z.grad.tolist() == [-1j, -0.5j]
