import pytest
import torch
from torchmetrics import MetricCollection
from torchmetrics.functional.clustering import adjusted_rand_score, rand_score

from lightning_go4align.functional.agreement import rand_indices
from lightning_go4align.metrics import GroupStability


@pytest.mark.filterwarnings("ignore:Sparse invariant checks")  # torchmetrics' own
@pytest.mark.parametrize(("num_tasks", "num_groups"), [(2, 2), (3, 1), (11, 5), (40, 8)])
def test_indices_equal_those_of_torchmetrics(num_tasks: int, num_groups: int) -> None:
    generator = torch.Generator().manual_seed(0)
    for _ in range(20):
        first, second = torch.randint(num_groups, (2, num_tasks), generator=generator)
        expected = torch.stack([rand_score(first, second), adjusted_rand_score(first, second)]).double()
        torch.testing.assert_close(rand_indices(first, second), expected, atol=1e-6, rtol=0)


def test_tasks_absent_from_either_step_do_not_count() -> None:
    first, second = torch.tensor([0, 0, 1, 1, -1, 2]), torch.tensor([0, 1, 1, -1, 0, 2])
    kept = [0, 1, 2, 5]
    torch.testing.assert_close(rand_indices(first, second), rand_indices(first[kept], second[kept]))


def test_moves_and_holds_are_counted_between_consecutive_steps() -> None:
    stability = GroupStability(3)
    for assignment in ([0, 0, 1], [0, 1, 1], [0, 1, 1], [1, 0, 0]):
        stability.update(torch.tensor(assignment))
    found = stability.compute()
    assert (found["moves"].item(), found["held"].item()) == (pytest.approx(4 / 3), pytest.approx(1 / 3))  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


def test_no_step_changes_nothing() -> None:
    stability = GroupStability(3)
    for steps in ([[0, 0, 1]], [], [[0, 1, 1]], []):
        stability.update(torch.tensor(steps, dtype=torch.int64).reshape(-1, 3))
    assert (stability.task_moves.tolist(), stability.steps.item()) == ([0, 1, 0], 1)


def test_one_step_alone_is_neither_stable_nor_restless() -> None:
    stability = GroupStability(2)
    stability.update(torch.tensor([0, 1]))
    assert all(value.isnan() for value in stability.compute().values())


def test_forward_compares_each_step_with_the_one_before() -> None:
    stability = GroupStability(4)
    found = [stability(torch.tensor(groups)) for groups in ([0, 0, 1, 1], [0, 0, 1, 1], [0, 0, 0, 1])]
    assert all(value.isnan() for value in found[0].values())
    assert [{name: value.item() for name, value in step.items()} for step in found[1:]] == [
        {"rand": 1.0, "adjusted_rand": 1.0, "moves": 0.0, "held": 1.0},
        {"rand": 0.5, "adjusted_rand": 0.0, "moves": 1.0, "held": 0.0},
    ]
    assert stability.compute()["rand"].item() == 0.75


def test_forward_of_several_steps_is_the_mean_of_them_and_of_the_last_before() -> None:
    stability = GroupStability(3)
    stability.update(torch.tensor([0, 0, 1]))
    assert stability(torch.tensor([[0, 0, 1], [0, 1, 1]]))["moves"].item() == 0.5
    assert stability(torch.tensor([1, 0, 0]))["moves"].item() == 3.0


def test_a_refused_step_leaves_forward_as_it_was() -> None:
    stability = GroupStability(3)
    stability(torch.tensor([0, 0, 1]))
    with pytest.raises(ValueError, match="`assignment` must be the int64 groups of 3 tasks"):
        stability(torch.tensor([0, 1]))
    stability.reset()
    assert stability(torch.tensor([0, 1, 1]))["moves"].isnan()


def test_forward_in_a_collection_compares_with_the_step_before() -> None:
    together = MetricCollection({"one": GroupStability(2), "other": GroupStability(2)})
    found = [together(torch.tensor(groups)) for groups in ([0, 1], [0, 1], [1, 1], [1, 1])]
    assert [step["other_moves"].item() for step in found[1:]] == [0.0, 1.0, 0.0]
    assert together.compute()["one_moves"].item() == pytest.approx(1 / 3)
