from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from torchmetrics import MetricCollection

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank


def delta_m() -> DeltaM:
    metric = DeltaM({"miou": 50.0, "error": 2.0}, ["miou"])
    metric.update({"miou": 60.0, "error": 3.0})
    return metric


def mean_rank() -> MeanRank:
    metric = MeanRank(["LS", "GO4Align"], ["error"])
    metric.update("LS", {"error": 2.0})
    metric.update("GO4Align", {"error": 1.0})
    return metric


def co_assignment() -> CoAssignment:
    metric = CoAssignment(3)
    metric.update(torch.tensor([[0, 0, 1], [0, 1, 1]]))
    return metric


def group_stability() -> GroupStability:
    metric = GroupStability(3)
    metric.update(torch.tensor([[0, 0, 1], [0, 1, 1]]))
    return metric


def convergence_difference() -> ConvergenceDifference:
    metric = ConvergenceDifference(["error", "loss"])
    metric.update({"error": 2.0, "loss": 1.0})
    metric.update({"error": 1.0, "loss": 1.0})
    return metric


METRICS = [delta_m, mean_rank, co_assignment, group_stability, convergence_difference]


@pytest.mark.parametrize("make", METRICS)
def test_a_metric_plots_into_a_figure_of_its_own(make: Callable[..., Any]) -> None:
    figure, axes = make().plot()
    assert isinstance(figure, Figure)
    assert axes in figure.axes


@pytest.mark.parametrize("make", METRICS)
def test_a_metric_plots_into_given_axes(make: Callable[..., Any]) -> None:
    axes = Figure().add_subplot()
    assert make().plot(ax=axes) == (None, axes)


@pytest.mark.parametrize("make", [delta_m, mean_rank, group_stability, convergence_difference])
def test_several_results_become_curves_without_a_tick_for_each(make: Callable[..., Any]) -> None:
    metric = make()
    _, axes = metric.plot([metric.compute()] * 100)
    assert max(len(line.get_xdata()) for line in axes.lines) == 100
    assert len(axes.get_xticks()) < 15


def test_ranks_of_one_time_are_a_bar_for_each_method_and_of_several_a_curve() -> None:
    metric = mean_rank()
    ranks, methods = metric.compute(), metric.methods
    _, once = metric.plot(ranks)
    _, often = metric.plot([ranks, ranks])
    assert (len(once.patches), len(once.lines)) == (len(methods), 0)
    assert (len(often.patches), len(often.lines)) == (0, len(methods))


def test_a_collection_plots_its_members() -> None:
    collection = MetricCollection({"all": CoAssignment(3), "again": CoAssignment(3)})
    collection.update(torch.tensor([0, 0, 1]))
    assert len(collection.plot()) == 2


def test_the_matrix_stands_in_travel_order_under_the_given_names() -> None:
    metric = CoAssignment(4)
    metric.update(torch.tensor([0, 1, 0, 1]))
    _, axes = metric.plot(labels=["depth", "edges", "normal", "keypoints"])
    assert [label.get_text() for label in axes.get_yticklabels()] == ["depth", "normal", "edges", "keypoints"]


def test_several_steps_at_once_count_as_one_after_another() -> None:
    steps = torch.randint(3, (20, 5), generator=torch.Generator().manual_seed(0))
    at_once, one_by_one = GroupStability(5), GroupStability(5)
    at_once.update(steps[:7])
    at_once.update(steps[7:])
    for step in steps:
        one_by_one.update(step)
    torch.testing.assert_close(at_once.compute(), one_by_one.compute())


def test_a_single_task_has_a_picture_of_its_groups() -> None:
    metric = CoAssignment(1)
    metric.update(torch.tensor([0]))
    _, axes = metric.plot(labels=["depth"])
    (matrix,) = axes.get_images()
    assert matrix.get_array().shape[:2] == (1, 1)
    assert [label.get_text() for label in axes.get_yticklabels()] == ["depth"]


def test_moves_are_drawn_per_task() -> None:
    axes, names = Figure().add_subplot(), ("rand", "adjusted_rand", "moves", "held")
    results = [{name: torch.tensor(value) for name in names} for value in (3.0, 1.5)]
    GroupStability(3).plot(results, ax=axes)
    curves = [np.asarray(line.get_ydata()).tolist() for line in axes.get_lines()]
    assert curves.count([3.0, 1.5]) == 3
    assert curves.count([1.0, 0.5]) == 1
