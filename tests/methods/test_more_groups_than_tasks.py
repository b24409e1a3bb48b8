"""More groups than tasks are one error with one sentence, whoever is asked for them."""

import inspect
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torchjd.aggregation import Sum as SumOfGradients
from torchjd.scalarization import Sum

from lightning_go4align import clustering, methods
from lightning_go4align.benchmarks.synthetic.data import SyntheticData
from lightning_go4align.clustering.lloyd import Lloyd
from lightning_go4align.clustering.sdp import SDP
from lightning_go4align.clustering.spectral import Spectral
from lightning_go4align.functional.assignment import assign_groups
from lightning_go4align.functional.number_of_groups import group_number_criterion
from lightning_go4align.functional.weighing import weigh_tasks

TWO = torch.tensor([1.0, 2.0], dtype=torch.float64)
CLUSTERINGS: dict[str, Any] = {
    "kmeans_1d": clustering.kmeans_1d,
    "log_kmeans_1d": clustering.log_kmeans_1d,
    "ungrouped": clustering.ungrouped,
    "FixedGroups": clustering.FixedGroups([0, 1]),
    "RandomGroups": clustering.RandomGroups(),
    "Lloyd": Lloyd(),
    "SDP": SDP(),
    "Spectral": Spectral(),
}
METHODS: dict[str, Callable[[int, Any], Any]] = {
    "GO4Align": lambda number, solve: methods.GO4Align(number, clustering=solve)(TWO),
    "RobustGO4Align": lambda number, solve: methods.RobustGO4Align(number, clustering=solve)(TWO),
    "GroupedScalarizer": lambda number, solve: methods.GroupedScalarizer(Sum(), number, solve)(TWO),
    "GroupedAggregator": lambda number, solve: methods.GroupedAggregator(SumOfGradients(), number, solve)(TWO.diag()),
}
FUNCTIONS: dict[str, Callable[[int], Any]] = {
    "assign_groups": lambda number: assign_groups(TWO, number, lambda points, given: given),
    "group_number_criterion": lambda number: group_number_criterion(TWO, number),
    "weigh_tasks": lambda number: weigh_tasks(TWO, torch.zeros_like(TWO), number, 0.0, "sum"),
    "SyntheticData": lambda number: SyntheticData(num_tasks=2, num_groups=number),
}


def sentence(number: int) -> str:
    return f"`num_groups` must lie in [1, 2], the number of tasks, but is {number}. Change it."


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("name", CLUSTERINGS)
def test_every_clustering_refuses_it(name: str, number: int) -> None:
    with pytest.raises(ValueError, match="num_groups") as refusal:
        CLUSTERINGS[name](TWO, number)
    assert str(refusal.value) == sentence(number)


@pytest.mark.parametrize("solve", CLUSTERINGS)
@pytest.mark.parametrize("name", METHODS)
def test_every_method_refuses_it_over_every_clustering(name: str, solve: str) -> None:
    with pytest.raises(ValueError, match="num_groups") as refusal:
        METHODS[name](3, CLUSTERINGS[solve])
    assert str(refusal.value) == sentence(3)


@pytest.mark.parametrize("number", [0, 3])
@pytest.mark.parametrize("name", FUNCTIONS)
def test_every_function_of_a_number_of_groups_refuses_it(name: str, number: int) -> None:
    with pytest.raises(ValueError, match="num_groups") as refusal:
        FUNCTIONS[name](number)
    assert str(refusal.value) == sentence(number)


@pytest.mark.parametrize("kind", [clustering.AutomaticKMeans, clustering.AutomaticLogKMeans])
def test_a_clustering_that_chooses_takes_at_most_as_many_groups_as_tasks(kind: Callable[..., Any]) -> None:
    assert kind(max_groups=3)(TWO).num_occupied <= 2


def test_none_is_left_out() -> None:
    takes = {name for name in methods.__all__ if "num_groups" in inspect.signature(getattr(methods, name)).parameters}
    solves = {
        name for name in clustering.__all__ if not name.startswith("Automatic") and not name.endswith("Weights")
    }
    assert takes == set(METHODS)
    assert solves == set(CLUSTERINGS) - {"Lloyd", "SDP", "Spectral"}
