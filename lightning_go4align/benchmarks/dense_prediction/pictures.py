"""Input, truth and prediction of a few images, side by side, as a matplotlib figure."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor
from torch.nn.functional import normalize

NUM_COLOURS = 20  # of matplotlib's `tab20`


def side_by_side(batch: Mapping[str, Tensor], predictions: Mapping[str, Tensor]) -> Figure:
    """Draw a row for each image: the image, then truth and prediction of every task.

    What is unknown is white. Depth has one scale for truth and prediction of an image; the components of a
    normal are its red, green and blue.

    Args:
        batch: Images and truth, on any device.
        predictions: The network's outputs by task.

    Returns:
        The figure, which belongs to no window.

    Example:
        >>> import torch
        >>> batch = {"image": torch.rand(2, 3, 32, 32), "depth": torch.rand(2, 1, 32, 32)}
        >>> figure = side_by_side(batch, {"depth": torch.rand(2, 1, 32, 32)})
        >>> [axis.get_title() for axis in figure.axes[:3]]
        ['image', 'depth: truth', 'depth: prediction']
    """
    (rows, _, height, width), columns = batch["image"].shape, 1 + 2 * len(predictions)
    figure = Figure(figsize=(2.2 * columns, 2.2 * rows * height / width + 0.3), layout="compressed")
    grid = figure.subplots(rows, columns, squeeze=False)
    for row, axes in enumerate(grid):
        axes[0].imshow(batch["image"][row].movedim(0, -1).float().cpu().numpy())
        for index, (task, prediction) in enumerate(predictions.items()):
            pair = axes[1 + 2 * index : 3 + 2 * index]
            _DRAW[task](pair, batch[task][row].float().cpu(), prediction[row].float().cpu())
    titles = ["image", *(f"{task}: {kind}" for task in predictions for kind in ("truth", "prediction"))]
    for axis, title in zip(grid[0], titles, strict=True):
        axis.set_title(title, fontsize=8)
    for axis in grid.flat:
        axis.set_axis_off()
    return figure


def _draw_classes(axes: list[Axes], truth: Tensor, prediction: Tensor) -> None:
    known = np.ma.masked_less(truth.numpy(), 0)
    for axis, labels in zip(axes, (known, prediction.argmax(0).numpy()), strict=True):
        axis.imshow(labels, cmap="tab20", vmin=0, vmax=NUM_COLOURS - 1, interpolation="nearest")


def _draw_depth(axes: list[Axes], truth: Tensor, prediction: Tensor) -> None:
    known = np.ma.masked_equal(truth[0].numpy(), 0)
    for axis, depth in zip(axes, (known, prediction[0].numpy()), strict=True):
        axis.imshow(depth, cmap="viridis", vmin=0, vmax=float(truth.max()) or 1)


def _draw_normals(axes: list[Axes], truth: Tensor, prediction: Tensor) -> None:
    unknown = (truth == 0).all(0)
    for axis, normals in zip(axes, (truth, normalize(prediction, dim=0)), strict=True):
        colours = ((normals + 1) / 2).clamp(0, 1).movedim(0, -1)
        axis.imshow((colours if normals is not truth else colours.masked_fill(unknown[..., None], 1)).numpy())


_DRAW = {"segmentation": _draw_classes, "depth": _draw_depth, "normal": _draw_normals}
