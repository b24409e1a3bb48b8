from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.metrics import plot_lines, plot_ranks, plot_score, plot_shares
from lightning_go4align.plots.runs import delta_m_of_runs
from lightning_go4align.plots.style import narrow
from lightning_go4align.report.figures import figures
from lightning_go4align.studies import plots as compared
from lightning_go4align.studies.plots import statistics
from lightning_go4align.studies.statistics import Difference


def drawn_texts(figure: Figure) -> list[tuple[str, Bbox]]:
    """Words and boxes of all texts that reach the picture, in pixels."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    drawn = []
    draw_text = renderer.draw_text

    def record(
        gc: Any, x: float, y: float, s: str, prop: Any, angle: float, ismath: Any = False, mtext: Text | None = None
    ) -> None:
        drawn.append(mtext)
        draw_text(gc, x, y, s, prop, angle, ismath, mtext)

    renderer.draw_text = record
    figure.draw(renderer)
    return [(text.get_text(), Text.get_window_extent(text, renderer)) for text in drawn]


def overlapping(boxes: list[Bbox]) -> Any:
    """Pairs of boxes that share more than their empty rims."""
    x0, y0, x1, y1 = np.array([box.extents for box in boxes]).T
    wide = np.minimum(x1, x1[:, None]) - np.maximum(x0, x0[:, None])
    high = np.minimum(y1, y1[:, None]) - np.maximum(y0, y0[:, None])
    least = np.minimum(y1 - y0, (y1 - y0)[:, None])
    return np.argwhere(np.triu((wide > 1) & (high > 0.35 * least), 1))


def faults(figure: Figure) -> list[Any]:
    """Texts of a figure that are cut, and pairs that overlap."""
    width, height = figure.bbox.size
    texts = drawn_texts(figure)
    cut = [text for text, b in texts if b.x0 < 0 or b.y0 < -2 or b.x1 > width or b.y1 > height + 2]
    return cut + [(texts[a][0], texts[b][0]) for a, b in overlapping([box for _, box in texts])]


def test_no_text_is_cut_and_no_two_overlap(history: History) -> None:
    found = {shown.title: faults(shown.draw(history)) for shown in figures(history)}
    assert not {title: wrong for title, wrong in found.items() if wrong}


NAME = "a method of 22 letters"
ALIKE = Difference("SI", (-1.0, -3.0), -3.0, -1.0, 0.03, 0.06, 8.0)
MANY = {K: [float(K)] for K in (1, 2, 3, 4, 5, 20, 98, 99, 100)}


@pytest.mark.parametrize(
    "draw",
    [
        pytest.param(lambda: compared.elbow(MANY), id="elbow"),
        pytest.param(lambda: compared.performance_against_time({"LS": (1.0, 2.0), NAME: (9.0, 3.0)}), id="time"),
        pytest.param(lambda: compared.comparison_bars({NAME: [177000.0, 190000.0], "LS": [-1.0, -2.0]}), id="bars"),
        pytest.param(lambda: compared.comparison_bars({NAME: [-177000.0, -190000.0]}), id="negative bars"),
        pytest.param(lambda: statistics.needed_seeds([ALIKE, replace(ALIKE, method=NAME)]), id="equal needs"),
        pytest.param(lambda: statistics.profiles({"LS": [1.0, 1.4], NAME: [1.0, 1.1]}), id="profiles below 2"),
        pytest.param(lambda: statistics.profiles({"LS": [1.0, 70.0], NAME: [1.0, 1.1]}), id="profiles to 70"),
        pytest.param(lambda: statistics.profiles({"LS": [1.0, 5000.0], NAME: [1.0, 1.1]}), id="profiles to 5000"),
    ],
)
def test_comparisons_hold_no_text_that_is_cut_or_overlaps(draw: Callable[..., Any]) -> None:
    assert not faults(draw())


def test_dollars_in_names_are_letters() -> None:
    names = ("US$_per_$", "cost_$a$", "$", r"\$x\$")
    history = replace(example_history(), tasks=names, metrics=names)
    for draw in (plots.weights, plots.assignment, plots.deltas):
        assert set(names) <= {text for text, _ in drawn_texts(draw(history))}
    figure = Figure()
    plot_ranks([1.0, 2.0], names[:2], figure.add_subplot())  # into axes that know nothing of our style
    assert set(names[:2]) <= {text for text, _ in drawn_texts(figure)}


def test_a_matrix_of_few_tasks_without_names_is_not_cut() -> None:
    assert not faults(plot_shares(np.eye(17), [str(task) for task in range(17)], None)[0])


@pytest.mark.parametrize(("num_tasks", "visible"), [(80, True), (200, False)])
def test_lines_between_cells_do_not_cover_many_cells(num_tasks: int, visible: bool) -> None:
    _, axes = plot_shares(np.eye(num_tasks), [str(task) for task in range(num_tasks)], None)
    assert bool(axes.collections) == visible


@pytest.mark.parametrize(("num_tasks", "named"), [(50, 50), (100, 50), (400, 50)])
def test_rows_have_room_for_the_names_that_are_shown(run: Callable[..., History], num_tasks: int, named: int) -> None:
    figure = plots.assignment(run(num_tasks, 3, 4, epochs=0))
    assert figure.get_figheight() < 235 / 25.4  # what a page of A4 leaves beside heading and caption
    assert len(figure.axes[0].get_yticks()) == named
    assert not faults(figure)


def test_a_legend_of_several_rows_is_read_row_by_row(run: Callable[..., History]) -> None:
    figure = plots.assignment(run(12, 7, 20, epochs=0))
    places = {text.split(" · ")[0]: box for text, box in drawn_texts(figure) if text.startswith("group")}
    assert sorted(places, key=lambda name: (-round(places[name].y0), places[name].x0)) == [
        f"group {k}" for k in range(7)
    ]


@pytest.mark.parametrize("draw", [plots.deltas, plots.convergence])
def test_what_is_drawn_for_a_phone_is_legible_there(
    draw: Callable[[History], Figure], run: Callable[..., History]
) -> None:
    for num_tasks in (2, 60):
        history = run(num_tasks, 2, 4)
        names = tuple(f"a_long_name_of_metric_{index:02d}_error" for index in range(num_tasks))
        with narrow():
            figure = draw(replace(history, metrics=names))
        assert figure.get_figwidth() == pytest.approx(3.5)  # inches, nearly a phone's 390 pixels
        assert not faults(figure)


def test_runs_compared_on_a_phone_are_legible_there() -> None:
    epochs = np.arange(1.0, 9)
    with narrow():
        lines = delta_m_of_runs({f"RobustGO4Align, seed {seed}": (epochs, 40 / epochs + seed) for seed in range(6)})
        bars = plots.comparison_bars({NAME: [-17.0, -19.0], "LS": [21.0, 22.0]})
    assert [faults(lines), faults(bars)] == [[], []]


def test_a_metric_without_a_value_has_a_dash_for_a_bar() -> None:
    changes = example_history().validations.changes.copy()
    changes[-1, 1] = np.nan
    validations = replace(example_history().validations, changes=changes)
    figure = plots.deltas(replace(example_history(), validations=validations))
    assert [text.get_text() for text in figure.axes[0].texts] == ["−12%", "−2%", "+1%", "–"]


def test_one_entry_that_lost_its_dimension_is_drawn() -> None:
    assert [text.get_text() for text in plot_ranks(np.float64(1.0), ["LS"], None)[1].texts] == ["1.00"]
    assert len(plot_lines([1.0, 2.0], ["LS"], None)[1].lines) == 1


@pytest.mark.parametrize(
    ("draw", "advice"),
    [
        (lambda: plots.weights(History.empty(["depth"])), "Train with a `GroupDynamicsMonitor`"),
        (lambda: plots.delta_m(History.empty(["depth"])), "Add a `DeltaMMonitor`"),
        (lambda: plot_score([], None), "Give some in `val`"),
        (lambda: plot_lines([], ["LS"], None), "Give some in `val`"),
    ],
)
def test_a_picture_of_nothing_is_refused(draw: Callable[..., Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        draw()


def test_where_nothing_moves_the_picture_says_so() -> None:
    moving = example_history()
    still = replace(moving, windows=replace(moving.windows, moves=np.zeros_like(moving.windows.moves)))
    said = [[text.get_text() for text in plots.moves(run).axes[0].texts] for run in (still, moving)]
    assert [texts.count("no task has moved") for texts in said] == [1, 0]
