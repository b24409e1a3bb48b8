"""Nothing that was measured is missing from a picture: not a value without neighbours, not a number beside a bar."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from plots.test_legibility import drawn_texts

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.metrics import plot_changes, plot_lines, plot_ranks, plot_score
from lightning_go4align.plots.runs import delta_m_of_runs

NAN = np.nan
CURVE = np.array([NAN, 4.0, NAN, 3.0, 2.0, NAN])  # the second value has no neighbour


def of_weights(column: np.ndarray[Any, Any]) -> History:
    losses = np.ones((len(column), 4), np.float32)
    losses[:, 0] = np.where(np.isnan(column), NAN, 1)
    weights = np.ones_like(losses)
    weights[:, 0] = np.nan_to_num(column)
    arrays: dict[str, Any] = {"steps": np.arange(len(column)), "losses": losses, "weights": weights}
    return replace(example_history(), total=len(column), groups=example_history().groups[: len(column)], **arrays)


def dots(axes: Axes) -> list[tuple[float, float]]:
    """The values that are marked, beside that of a line itself."""
    marked = [line for line in axes.lines if line.get_marker() == "o" and line.get_linestyle() == "None"]
    return [(x, y) for line in marked for x, y in np.column_stack(line.get_data()).tolist()]


@pytest.mark.parametrize(
    ("draw", "place"),
    [
        pytest.param(lambda: plot_score(list(CURVE), None)[1], 2, id="score"),
        pytest.param(lambda: plot_lines(CURVE[:, None], ["LS"], None)[1], 2, id="curves"),
        pytest.param(lambda: delta_m_of_runs({"LS": (np.arange(6.0), CURVE)}).axes[0], 1, id="runs"),
        pytest.param(lambda: plots.weights(of_weights(CURVE)).axes[0], 1.5, id="a task that is absent in between"),
    ],
)
def test_a_value_between_two_that_are_missing_is_a_dot(draw: Callable[[], Axes], place: float) -> None:
    assert [height for x, height in dots(draw()) if x == place] == [pytest.approx(4.0)]


def test_runs_of_one_validation_are_dots_within_the_frame() -> None:
    axes = delta_m_of_runs({"LS": (np.array([1.0]), np.array([30.0])), "SI": (np.ones(1), np.array([5.0]))}).axes[0]
    assert dots(axes) == [(1, 30), (1, 5)]
    assert axes.get_xlim() == (0.5, 1.5)


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda axes: plot_ranks([1.37, 12.5], ["LS", "SI"], axes), id="ranks"),
        pytest.param(lambda axes: plot_changes([-1200.0, 2500.0], ["a", "b"], axes), id="changes"),
    ],
)
@pytest.mark.parametrize("columns", [1, 3])
def test_numbers_beside_bars_stand_within_the_axes_that_were_given(draw: Callable[..., Any], columns: int) -> None:
    figure = Figure(figsize=(8, 3))
    axes = figure.subplots(1, columns, squeeze=False)[0, 0]
    draw(axes)
    frame, numbers = axes.get_window_extent(), {text.get_text() for text in axes.texts}
    boxes = [box for text, box in drawn_texts(figure) if text in numbers]
    assert len(boxes) == 2
    assert all(frame.x0 < box.x0 and box.x1 < frame.x1 for box in boxes)
