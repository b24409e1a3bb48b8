from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from lightning_go4align.plots import weights
from lightning_go4align.plots.colours import DASHES, group_inks, task_colours
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.labels import spread
from lightning_go4align.plots.metrics import plot_shares
from lightning_go4align.plots.names import margin, short, shorten
from lightning_go4align.plots.style import palette


def luminance(rgb: Any) -> Any:
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def contrast(first: Any, second: Any) -> Any:
    """What WCAG calls so, of colours as numbers from 0 to 1."""
    light, dark = np.maximum(luminance(first), luminance(second)), np.minimum(luminance(first), luminance(second))
    return (light + 0.05) / (dark + 0.05)


def of(name: str, role: str) -> Any:
    return np.array([int(palette(name)[role][i : i + 2], 16) / 255 for i in (1, 3, 5)])


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("colours", [task_colours, group_inks])
@pytest.mark.parametrize("number", [1, 2, 11, 40])
def test_lines_are_visible_on_light_and_on_dark(name: str, colours: Callable[..., Any], number: int) -> None:
    assert contrast(colours(number), of(name, "paper")).min() > 3  # what WCAG asks of graphics


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("role", ["ink", "muted"])
def test_words_are_legible_on_light_and_on_dark(name: str, role: str) -> None:
    assert contrast(of(name, role), of(name, "paper")) > 4.5  # what WCAG asks of text


@pytest.mark.parametrize("name", ["light", "dark"])
def test_numbers_on_the_strongest_tint_of_the_matrix_are_legible(name: str) -> None:
    axes = plot_shares(np.array([[1.0, 1.0], [1.0, 1.0]]), ["a", "b"], None)[1]
    *tint, alpha = axes.images[0].get_array()[0, 1] / 255
    assert contrast(alpha * np.array(tint) + (1 - alpha) * of(name, "paper"), of(name, "ink")) > 4.5


def test_neighbours_differ_in_the_pattern_of_their_lines() -> None:
    curves = weights(example_history()).axes[0].lines[1:]
    patterns = [line._unscaled_dash_pattern[1] for line in curves]  # type: ignore[attr-defined]  # matplotlib tells it nowhere else.
    assert len({str(pattern) for pattern in patterns}) == len(DASHES)


@pytest.mark.parametrize("name", ["light", "dark"])
def test_each_colour_of_a_style_sheet_has_one_role(name: str) -> None:
    colours = list(palette(name).values())
    assert len(set(colours)) == len(colours)


def test_labels_are_pushed_apart_and_stay_in_order() -> None:
    places = spread([0.9, 0.1, 0.12, 0.11], gap=0.1, low=0, high=1)
    assert (np.diff(places[[1, 3, 2, 0]]) >= 0.1 - 1e-12).all()


def test_labels_that_do_not_fit_are_spread_evenly() -> None:
    np.testing.assert_allclose(spread([5.0, 5.0, 5.0], gap=9, low=0, high=1), [0, 0.5, 1])


def test_wide_letters_take_twice_the_room() -> None:
    assert margin(["深度"]) == margin(["four"])


def test_a_long_name_keeps_its_ends() -> None:
    assert short("the_first_part_and_the_last", 11) == "the_f…last"


@pytest.mark.parametrize(
    ("names", "length", "shown"),
    [
        pytest.param(["gene_0007_expr", "gene_0017_expr"], 10, ["gene_0007…", "gene_0017…"], id="an end in common"),
        pytest.param(["val/loss/depth", "val/loss/normal"], 8, ["…depth", "…normal"], id="a beginning in common"),
        pytest.param(["a_long_one_b", "a_long_two_b"], 5, ["…one…", "…two…"], id="both in common"),
        pytest.param(["task_10", "task_1"], 5, ["…10", "…1"], id="no word is cut"),
        pytest.param(["the_task", "the_task_b"], 8, ["…task", "…task_b"], id="something is left of each"),
        pytest.param(["one", "other"], 22, ["one", "other"], id="room for all"),
        pytest.param(["abcdefghijklmn"], 8, ["abcd…lmn"], id="alone"),
        pytest.param([], 8, [], id="none"),
        pytest.param(["", "a_b_c_d_e_f"], 5, ["", "a_…f"], id="one is empty"),
        pytest.param(["aaaa1aaaa", "aaaa2aaaa"], 7, ["aaa…~1", "aaa…~2"], id="alike but for the middle"),
        pytest.param(["aaaa1aaaa"] * 2, 7, ["aaa…aa"] * 2, id="the same twice"),
    ],
)
def test_names_that_are_too_long_lose_first_what_they_share(names: list[str], length: int, shown: list[str]) -> None:
    assert shorten(names, length) == shown
