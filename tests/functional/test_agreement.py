from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pytest
import torch
from sklearn.metrics import adjusted_rand_score, rand_score

from lightning_go4align.functional.agreement import moved_tasks, rand_indices, shared_group
from lightning_go4align.functional.rand_index import rand_of_pairs

GENERATOR = np.random.default_rng(0)
STEPS = [GENERATOR.integers(-1, num_groups, (2, num_tasks)) for num_tasks in (2, 5, 11) for num_groups in (1, 2, 5)]


@pytest.mark.parametrize(
    ("before", "now"), STEPS, ids=lambda groups: f"{len(groups)} tasks, {groups.max() + 1} groups"
)
def test_indices_are_scikit_learn_s_over_the_tasks_in_both(before: Any, now: Any) -> None:
    both = (before >= 0) & (now >= 0)
    rand, adjusted = rand_indices(torch.from_numpy(before), torch.from_numpy(now)).tolist()
    if both.sum() > 1:
        assert rand == pytest.approx(rand_score(before[both], now[both]))
        assert adjusted == pytest.approx(adjusted_rand_score(before[both], now[both]))
    else:
        assert np.isnan([rand, adjusted]).all()


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        pytest.param([0, 0, 0], [0, 0, 0], [1, 1], id="one group"),
        pytest.param([0, 1, 2], [2, 0, 1], [1, 1], id="each alone"),
        pytest.param([0, 0, 0], [0, 1, 2], [0, 0], id="opposites"),
        pytest.param([0, -1], [0, 0], [np.nan, np.nan], id="one task in both"),
        pytest.param([0, -1], [-1, 0], [np.nan, np.nan], id="no task in both"),
        pytest.param([0, 0, 1], [0, 1, 1], [1 / 3, -0.5], id="worse than chance"),
    ],
)
def test_indices_of_what_can_be_counted_by_hand(before: list[int], now: list[int], expected: Sequence[float]) -> None:
    assert rand_indices(torch.tensor(before), torch.tensor(now)).tolist() == pytest.approx(expected, nan_ok=True)


def test_counts_of_numpy_and_of_torch_give_the_same() -> None:
    pairs, both, first, second = counts = np.array(
        [[1.0, 1.0, 6.0], [0.0, 1.0, 1.0], [0.0, 1.0, 2.0], [0.0, 1.0, 1.0]]
    )
    rand, adjusted = rand_of_pairs(pairs, both, first, second)
    assert rand.tolist() == pytest.approx([1, 1, 5 / 6])
    assert adjusted.tolist() == pytest.approx([1, 1, (1 - 1 / 3) / (1.5 - 1 / 3)])
    found = rand_of_pairs(*torch.from_numpy(counts))
    np.testing.assert_array_equal(torch.stack(found), np.stack([rand, adjusted]))


def test_pairs_share_a_group_unless_one_is_absent() -> None:
    groups = [0, 1, -1, 0, -1]
    found = shared_group(torch.tensor([groups, groups[::-1]]))
    assert found.shape == (2, 5, 5)
    pairs = {(i, j) for i, j in combinations(range(5), 2) if found[0, i, j]}
    assert (pairs, found[0].diag().tolist()) == ({(0, 3)}, [True, True, False, True, False])


def test_a_task_moves_where_both_of_its_groups_are_known() -> None:
    found = moved_tasks(torch.tensor([[0, 0, -1, 0, -1, 1]]), torch.tensor([[0, 1, 1, -1, -1, 0]]))
    assert found.tolist() == [[False, True, False, False, False, True]]
