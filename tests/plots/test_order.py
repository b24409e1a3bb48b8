import numpy as np
import pytest
from plots.made_up import make_run

from lightning_go4align import plots
from lightning_go4align.plots.co_assignment import MOST_TASKS
from lightning_go4align.plots.names import shorten
from lightning_go4align.plots.order import every_nth, linkage_order, task_order


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


@pytest.mark.parametrize("num_tasks", [11, 40, 410])
def test_the_matrix_has_its_rows_in_the_order_of_all_other_pictures(num_tasks: int) -> None:
    """Few steps: many pairs share equally many of them, so that ties decide."""
    history = make_run(num_tasks, 5, 4, epochs=0)
    shown = every_nth(task_order(history), MOST_TASKS)
    axes = plots.co_assignment(history).axes[0]
    named = [text.get_text() for text in axes.get_yticklabels()]
    rows = [round(place) for place in axes.get_yticks()]
    names = shorten([history.tasks[task] for task in shown], 16)
    assert named == [names[row] for row in rows]


def test_the_tree_of_some_tasks_is_that_of_all_without_the_others() -> None:
    # 0 and 1 are 0.1 apart, 2 and 3 are 0.2 apart, all others 0.7: of every second one, 0 and 2 meet at 0.7.
    shares = np.full((4, 4), 0.3)
    shares[0, 1] = shares[1, 0] = 0.9
    shares[2, 3] = shares[3, 2] = 0.8
    order, joins = linkage_order(shares, np.array([4.0, 3.0, 2.0, 1.0]), at_most=2)
    assert order == [0, 2]
    (join,) = joins
    assert (join.positions, join.distances) == ((0, 1), (0, 0))
    assert join.distance == pytest.approx(0.7)
