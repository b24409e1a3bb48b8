import pytest
import torch

from perf.constants import _train_likelihoods
from perf.small_problems import METHODS
from perf.units import _train_units, units


@pytest.mark.parametrize("name", [name for name in METHODS if name.startswith("robust")])
def test_every_task_is_learned_in_any_unit(name: str) -> None:
    left = _train_units(METHODS[name], seed=0, steps=400, decades=3.0)
    assert left.max() < 0.5


def test_the_papers_method_leaves_tasks_untrained_in_some_units() -> None:
    left = torch.cat([_train_units(METHODS["GO4Align, K = M"], seed, steps=400, decades=3.0) for seed in range(2)])
    assert (left > 0.5).any()


def test_tables_have_a_row_for_each_method() -> None:
    [table] = units(num_problems=1, steps=2)
    assert table.columns[0]._cells == list(METHODS)


def test_no_constant_stops_a_task_of_the_robust_method() -> None:
    # It begins near 0.5, and the noise of the targets allows about -3.2.
    assert _train_likelihoods(METHODS["robust, K chosen"], seed=0, steps=800).max() < -2.5


def test_a_constant_stops_a_task_of_the_papers_method() -> None:
    assert _train_likelihoods(METHODS["GO4Align, K = 2"], seed=0, steps=800).max() > -1.0
