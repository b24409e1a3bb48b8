import numpy as np
import pytest

from lightning_go4align.plots.order import linkage_order


def test_tasks_that_share_every_step_stand_side_by_side() -> None:
    shares = np.eye(4)
    shares[0, 2] = shares[2, 0] = shares[1, 3] = shares[3, 1] = 1
    order, _ = linkage_order(shares, np.array([1.0, 4.0, 2.0, 3.0]))
    assert order == [1, 3, 2, 0]  # the heavier pair first, and in each pair the heavier task


def test_the_order_holds_every_task_once() -> None:
    shares = np.random.default_rng(0).random((30, 30))
    order, joins = linkage_order((shares + shares.T) / 2, np.arange(30.0))
    assert (sorted(order), len(joins)) == (list(range(30)), 29)


def test_the_dendrogram_joins_at_the_share_of_steps_apart() -> None:
    shares = np.array([[1, 0.8, 0.1], [0.8, 1, 0.3], [0.1, 0.3, 1]])
    _, joins = linkage_order(shares, np.array([3.0, 2.0, 1.0]))
    # average linkage by hand: 1 - 0.8, then 1 - (0.1 + 0.3) / 2
    assert [join.distance for join in joins] == pytest.approx([0.2, 0.8])


def test_tasks_that_all_travel_together_are_ordered_however_many_they_are() -> None:
    # equal distances chain: a tree as deep as there are tasks
    order, joins = linkage_order(np.ones((1200, 1200)), np.arange(1200.0))
    assert (sorted(order), len(joins)) == (list(range(1200)), 1199)
