from typing import Any

import numpy as np
import torch
from matplotlib.axes import Axes

from lightning_go4align.benchmarks.dense_prediction.pictures import side_by_side


def shown(axis: Axes) -> Any:
    """The values of the picture on an axis."""
    return axis.get_images()[0].get_array()


def test_unknown_pixels_are_left_out_of_the_pictures_of_the_truth() -> None:
    batch = {
        "image": torch.rand(1, 3, 2, 2),
        "segmentation": torch.tensor([[[-1, 0], [5, 12]]]),
        "depth": torch.tensor([[[[0.0, 1], [2, 3]]]]),
    }
    figure = side_by_side(batch, {"segmentation": torch.rand(1, 13, 2, 2), "depth": torch.rand(1, 1, 2, 2)})
    masks = [np.ma.getmaskarray(shown(figure.axes[column])).tolist() for column in (1, 3)]
    assert masks == [[[True, False], [False, False]]] * 2


def test_depth_has_the_scale_of_the_truth_in_both_pictures() -> None:
    batch = {"image": torch.rand(1, 3, 2, 2), "depth": torch.tensor([[[[0.0, 1], [2, 4]]]])}
    figure = side_by_side(batch, {"depth": torch.full((1, 1, 2, 2), 9.0)})
    assert [axis.get_images()[0].get_clim() for axis in figure.axes[1:]] == [(0, 4), (0, 4)]


def test_a_normal_towards_the_viewer_is_blue_and_an_unknown_one_white() -> None:
    normal = torch.zeros(1, 3, 1, 2)
    normal[0, 2, 0, 0] = 1
    figure = side_by_side({"image": torch.rand(1, 3, 1, 2), "normal": normal}, {"normal": 7 * normal})
    assert shown(figure.axes[1])[0].tolist() == [[0.5, 0.5, 1.0], [1.0, 1.0, 1.0]]


def test_pictures_of_half_precision_are_drawn() -> None:
    depth = torch.tensor([[[[0.0, 1], [2, 4]]]], dtype=torch.bfloat16)  # matplotlib and NumPy know no bfloat16
    figure = side_by_side({"image": torch.rand(1, 3, 2, 2).bfloat16(), "depth": depth}, {"depth": depth})
    assert shown(figure.axes[1]).max() == 4
