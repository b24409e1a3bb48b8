import numpy as np
import pytest

from lightning_go4align.plots.style import margin, palette, short, spread, task_colours


def luminance(rgb):
    return np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


@pytest.mark.parametrize("name", ["light", "dark"])
@pytest.mark.parametrize("num_tasks", [1, 2, 11, 40])
def test_names_in_task_colours_are_legible_on_light_and_on_dark(name, num_tasks):
    paper = luminance(np.array([int(palette(name)["paper"][i : i + 2], 16) / 255 for i in (1, 3, 5)]))
    ink = luminance(task_colours(num_tasks))
    contrast = (np.maximum(ink, paper) + 0.05) / (np.minimum(ink, paper) + 0.05)
    assert contrast.min() > 3  # what WCAG asks of graphics and large text


@pytest.mark.parametrize("name", ["light", "dark"])
def test_each_colour_of_a_style_sheet_has_one_role(name):
    colours = list(palette(name).values())
    assert len(set(colours)) == len(colours)


def test_labels_are_pushed_apart_and_stay_in_order():
    places = spread([0.9, 0.1, 0.12, 0.11], gap=0.1, low=0, high=1)
    assert (np.diff(places[[1, 3, 2, 0]]) >= 0.1 - 1e-12).all()


def test_labels_that_do_not_fit_are_spread_evenly():
    np.testing.assert_allclose(spread([5.0, 5.0, 5.0], gap=9, low=0, high=1), [0, 0.5, 1])


def test_wide_letters_take_twice_the_room():
    assert margin(["深度"]) == margin(["four"])


def test_a_long_name_keeps_its_ends():
    assert short("the_first_part_and_the_last", 11) == "the_f…last"
