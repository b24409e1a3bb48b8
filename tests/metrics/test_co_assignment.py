import pytest
import torch
from torch import Tensor

from lightning_go4align.metrics import CoAssignment


def test_an_absent_task_keeps_its_share_with_the_others() -> None:
    pairs = CoAssignment(3)
    for assignment in ([0, 0, 1], [0, 0, -1], [0, 1, 1]):
        pairs.update(torch.tensor(assignment))
    expected = torch.tensor([[1, 2 / 3, 0], [2 / 3, 1, 1 / 2], [0, 1 / 2, 1]])
    torch.testing.assert_close(pairs.compute(), expected)


def test_counts_are_exact_beyond_what_a_float_holds() -> None:
    pairs = CoAssignment(2)
    pairs.together += 2**24
    pairs.update(torch.tensor([0, 0]))
    assert pairs.together[0, 1] == 2**24 + 1


@pytest.mark.parametrize(
    "assignment", [pytest.param(torch.zeros(3).long(), id="shape"), pytest.param(torch.zeros(2), id="dtype")]
)
def test_what_is_no_assignment_is_refused(assignment: Tensor) -> None:
    with pytest.raises(ValueError, match="int64 groups of 2 tasks"):
        CoAssignment(2).update(assignment)


@pytest.mark.parametrize(("labels", "number"), [(["depth"], 1), (["a", "b", "c"], 3), ([], 0), ("ab", 1)])
def test_labels_that_are_not_one_a_task_are_refused(labels: list[str], number: int) -> None:
    pairs = CoAssignment(2)
    pairs.update(torch.tensor([0, 0]))
    with pytest.raises(ValueError, match=rf"`labels` must hold a name for each of the 2 tasks, but holds {number}\."):
        pairs.plot(labels=labels)
