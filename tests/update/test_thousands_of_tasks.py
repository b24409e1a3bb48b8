"""With thousands of tasks nothing is done once for each pair of them: counted, not timed."""

from typing import Any, NoReturn
from unittest import mock

import pytest
import torch
from torchjd.scalarization import Sum

from lightning_go4align import GO4Align, History, RobustGO4Align
from lightning_go4align.methods import WithFactors
from lightning_go4align.metrics.values import stack_named
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.clusters import clusters
from lightning_go4align.update import starvation
from lightning_go4align.update.record import HostNumbers, TaskSteps
from lightning_go4align.update.step_warnings import StepWarnings
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks

NAMES = [f"task {index}" for index in range(300)]


class Row(list[str]):
    """Names of which none is to be looked for one after the other."""

    def __contains__(self, name: object) -> NoReturn:
        raise AssertionError(f"{name} was looked for in a list.")

    def index(self, name: str, *_: Any) -> NoReturn:
        raise AssertionError(f"{name} was looked for in a list.")


def test_losses_are_known_without_looking_through_the_tasks() -> None:
    tasks = KnownTasks(Sum(), NAMES)
    tasks.names = Row(tasks.names)
    output = StepOutput({name: torch.ones((), requires_grad=True) for name in NAMES})
    tasks.select(output, torch.nn.Linear(1, 1))
    assert len(output.present) == len(NAMES)


def test_factors_are_found_without_looking_through_the_tasks() -> None:
    method = WithFactors(Sum(), dict.fromkeys(NAMES, 2.0))
    method.name_tasks(NAMES)
    method.names = Row(NAMES)
    assert method(torch.ones(len(NAMES))) == len(NAMES)
    assert method.last_factors is not None
    assert method.last_factors.tolist() == [2.0] * len(NAMES)


@pytest.mark.parametrize("method", [GO4Align(), RobustGO4Align()])
def test_the_tasks_of_a_step_are_measured_once_however_many_starve(method: GO4Align | RobustGO4Align) -> None:
    size = len(NAMES)
    last = TaskSteps.never(size)._replace(starved=[2000] * (size - 1) + [-1], fed=[-1] * (size - 1) + [2000])
    weights, groups = [1e-9] * (size - 1) + [1.0], ([1.0] * size, [0.0] * size, [1.0])
    numbers = HostNumbers(2001, tuple(NAMES), last, 1.0, [1.0] * size, weights, groups)
    warnings = StepWarnings(method)
    warnings.begin_epoch(0)
    with (
        mock.patch.object(starvation, "Parts", side_effect=starvation.Parts) as measured,
        pytest.warns(UserWarning, match="Task 'task 0' starves"),
    ):
        warnings.tell(numbers)
    assert measured.call_count == 1


def test_shares_of_pairs_are_found_a_few_times_however_many_clusters_there_are() -> None:
    history = example_history()
    with mock.patch.object(History, "shares", new_callable=mock.PropertyMock, return_value=history.shares) as shares:
        assert len(clusters(history)) == 3
    assert shares.call_count == 2  # Once for the order of the tasks.


def test_values_of_metrics_are_taken_without_looking_through_their_names() -> None:
    values = stack_named(dict.fromkeys(NAMES, 2.0), Row(NAMES))
    assert values.tolist() == [2.0] * len(NAMES)
