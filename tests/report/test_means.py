"""Means of losses and weights: one kind, which is true of losses that are mostly 0 and of weights that are, too."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import ArrayLike

from lightning_go4align import plots
from lightning_go4align.history import History, known_mean
from lightning_go4align.history.summary import task_rows
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.beside import beside
from lightning_go4align.report.command import write_pages
from lightning_go4align.report.payload import payload
from lightning_go4align.report.runs import Run
from lightning_go4align.report.tables import groups_table, tasks_table
from lightning_go4align.report.task_facts import task_facts

STEPS = 400
HINGE = np.where(np.arange(STEPS) % 20 == 0, 1.0, 0.0)


def run_of(weights: ArrayLike, losses: ArrayLike, groups: int = -1) -> History:
    """A run of tasks a, b, c, ...: weights and losses, shape ``[R, M]`` both together."""
    arrays = [np.array(each, np.float32) for each in np.broadcast_arrays(weights, losses)]
    length, m = arrays[0].shape
    found: dict[str, Any] = {"weights": arrays[0], "losses": arrays[1], "steps": np.arange(length)}
    found["groups"] = np.full((length, m), groups, np.int16)
    return replace(History.empty([chr(97 + task) for task in range(m)]), total=length, **found)


def fact(history: History, name: str) -> list[float]:
    """A column of the table, in the order of the names."""
    facts = task_facts(history)
    return [value for _, value in sorted(zip(facts["task"], facts[name], strict=True))]


def drawn(length: int, m: int) -> np.ndarray[Any, Any]:
    """Weights of a method that takes one task per step at random, without bias."""
    weights = np.zeros((length, m))
    weights[np.arange(length), np.random.default_rng(0).integers(m, size=length)] = m
    return weights


def test_a_loss_that_is_mostly_0_has_the_mean_of_all_its_steps() -> None:
    history = run_of(1.0, np.stack([HINGE, np.ones(STEPS)], axis=1))
    assert (fact(history, "first loss"), fact(history, "last loss")) == ([0.05, 1.0], [0.05, 1.0])


def test_the_last_loss_of_a_comparison_is_that_mean(tmp_path: Path) -> None:
    for name in ("first", "second"):
        run_of(1.0, np.stack([HINGE, np.ones(STEPS)], axis=1)).save(tmp_path / name)
    html = write_pages([tmp_path / "first", tmp_path / "second"]).read_text(encoding="utf-8")
    table = html[html.index("<h3>Loss of each task, mean of the last twentieth") :]
    assert re.findall(r'<th scope="row">a</th><td>(.*?)</td>', table)[0] == "0.05"


@pytest.mark.parametrize("lowest", [0.5, -0.5], ids=["positive", "of both signs"])
def test_losses_have_one_kind_of_mean_whatever_their_signs(lowest: float) -> None:
    losses = np.where(np.arange(STEPS) % 2, 8.0, lowest)
    history = run_of(1.0, np.stack([losses, np.ones(STEPS)], axis=1))
    assert fact(history, "last loss") == [(8 + lowest) / 2, 1.0]


def test_a_step_without_the_task_is_no_step_of_loss_0_or_weight_0() -> None:
    losses = np.ones((STEPS, 2))
    losses[::2, 0], losses[1, 0] = np.nan, np.inf
    history = run_of(np.where(np.isnan(losses), 0.0, 3.0), losses)
    assert (fact(history, "mean weight"), fact(history, "last loss")) == ([3.0, 3.0], [1.0, 1.0])


def test_one_task_per_step_at_random_is_an_unweighted_sum_on_average() -> None:
    history = run_of(np.where(np.arange(STEPS)[:, None] % 2 == np.arange(2), 2.0, 0.0), 1.0, groups=0)
    assert fact(history, "mean weight") == [1.0, 1.0]
    assert [row.weight for row in task_rows(history)] == [1.0, 1.0]  # in a notebook
    assert "<td>1×</td>" in tasks_table(history)
    assert "<td>1×</td>" in groups_table(history)
    assert payload(replace(history, present=np.ones((2, 2), int)))["groupWeights"] == [1.0]
    assert "group 0 · 1×" in [text.get_text() for text in plots.assignment(history).legends[0].get_texts()]


def test_a_weight_of_3_in_one_of_30_steps_is_a_tenth() -> None:
    weights = np.ones((300, 2))
    weights[:, 0] = np.where(np.arange(300) % 30, 0.0, 3.0)
    history = run_of(weights, 1.0)
    np.testing.assert_allclose(fact(history, "mean weight"), [0.1, 1.0])
    assert alarms(history) == []  # It has its share, a small one, as a fixed weight of a tenth would have.


@pytest.mark.parametrize(("length", "m"), [(60, 20), (500, 20), (1000, 25)])
def test_no_task_starves_of_which_one_is_drawn_at_random_in_each_step(length: int, m: int) -> None:
    assert alarms(run_of(drawn(length, m), 1.0)) == []


def test_a_task_that_is_drawn_no_more_starves() -> None:
    weights = drawn(1000, 25)
    weights[-250:, 3] = 0
    (found,) = alarms(run_of(weights, 1.0))
    assert "**d** starves: in the last 2" in found.what


@pytest.mark.parametrize("draw", [plots.weights, plots.losses])
def test_a_line_is_the_mean_of_its_windows(draw: Any) -> None:
    values = np.where(np.arange(320)[:, None] % 2 == np.arange(2), 4.0, 0.0)  # two steps in each of 160 windows
    history = run_of(values, 1.0) if draw is plots.weights else run_of(1.0, values)
    curves = [np.asarray(line.get_ydata()) for line in draw(history).axes[0].lines]
    assert sum(len(curve) == 160 and (curve == 2.0).all() for curve in curves) == 2


def test_a_weight_of_0_lies_furthest_from_others() -> None:
    names = [f"task_{index:02d}" for index in range(20)]
    weights = {"LS": np.ones(20), "own": np.append(np.linspace(1, 2, 19), 0.0)}
    methods = {name: [Run(Path(), run_of(row[None], 1.0), {}, name, "", name)] for name, row in weights.items()}

    def score(history: History) -> dict[str, float]:
        return dict(zip(names, history.mean_weights.tolist(), strict=True))

    html = beside("weights", methods, score, ratios=True)
    assert re.findall(r'<th scope="row">([^<]*)</th>', html)[:2] == ["task_19", "task_18"]


def test_what_is_not_known_counts_for_nothing() -> None:
    np.testing.assert_array_equal(known_mean(np.array([[np.nan, np.inf], [np.nan, 2.0]])), [np.nan, 2.0])
