from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from lightning_go4align import plots as core_plots
from lightning_go4align.studies import plots


def words(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].texts]


def test_the_elbow_names_the_best_number_of_groups() -> None:
    assert words(plots.elbow({8: [1.0], 2: [-1.0, -2.0], 5: [-4.0, -1.0]})) == ["K = 5: −2.5%"]


def test_the_best_method_stands_on_top() -> None:
    figure = plots.comparison_bars({"LS": [9.0], "GO4Align": [-6.0], "FAMO": [-4.0]})
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["GO4Align", "FAMO", "LS"]


def test_deviations_across_zero_are_drawn_in_full() -> None:
    low, high = plots.comparison_bars({"LS": [-4.0, 6.0]}).axes[0].get_xlim()
    assert low <= 1 - 50**0.5  # mean 1, sample's standard deviation 5 * 2 ** 0.5
    assert high > 1 + 50**0.5


def test_every_method_of_figure_1_is_named() -> None:
    figure = plots.performance_against_time({"LS": (1.0, 5.6), "SI": (1.0, 4.4), "GO4Align": (1.02, -6.1)})
    assert words(figure) == ["LS", "SI", "GO4Align"]


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan])
def test_what_is_not_finite_is_named_and_not_drawn(value: float) -> None:
    points = {"LS": (1.0, 2.0), "diverged": (2.0, value)}
    assert plots.performance_against_time(points).axes[0].get_title("left") == "not finite: diverged"
    assert plots.elbow({2: [1.0], 3: [value]}).axes[0].get_title("left") == "not finite: K = 3"
    label = "–" if np.isnan(value) else f"{value:+.1f}%".replace("-", "−")
    assert sorted(words(plots.comparison_bars({"LS": [9.0], "diverged": [value, 1.0]}))) == sorted(["+9.0%", label])
    label = "–" if np.isnan(value) else f"{value:.2f}×"
    assert set(words(plots.runtime_bars({"LS": 1.0, "diverged": value}, "LS"))) == {"1.00×", label}


@pytest.mark.parametrize(
    "draw",
    [
        plots.elbow,
        plots.performance_against_time,
        plots.comparison_bars,
        lambda nothing: plots.runtime_bars(nothing, "LS"),
        lambda nothing: plots.comparison_bars({"LS": []}),
    ],
)
def test_nothing_to_compare_is_refused(draw: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="Finish a run of it first"):
        draw({})


def test_an_unknown_reference_is_refused() -> None:
    with pytest.raises(ValueError, match="must be one of"):
        plots.runtime_bars({"LS": 1.0}, reference="STL")


def test_the_place_before_is_told_where_they_went() -> None:
    with pytest.warns(FutureWarning, match="is called `lightning_go4align.studies.plots.elbow` now"):
        assert getattr(core_plots, "elbow") is plots.elbow  # noqa: B009  # mypy knows of no former name


def test_other_names_are_as_unknown_as_ever() -> None:
    with pytest.raises(AttributeError, match="no attribute 'elbows'"):
        getattr(core_plots, "elbows")  # noqa: B009  # as above
