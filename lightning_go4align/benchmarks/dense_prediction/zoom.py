"""Crop and enlarge every sample of a batch by its own window, on the batch's device."""

from typing import NamedTuple

import torch
from torch import Tensor


class Zoom(NamedTuple):
    """Where every target pixel is read: rows ``[B, H]`` and columns ``[B, W]`` of the source.

    Example:
        >>> corner, crop = torch.tensor([[0, 1]]), torch.tensor([[2, 2]])
        >>> Zoom.of(corner, crop, torch.tensor([True]), size=(4, 4)).nearest
        (tensor([[0, 0, 1, 1]]), tensor([[2, 2, 1, 1]]))
    """

    linear: tuple[Tensor, Tensor]  # between pixels, corners aligned
    nearest: tuple[Tensor, Tensor]  # whole pixels

    @classmethod
    def of(cls, corner: Tensor, crop: Tensor, flipped: Tensor, size: tuple[int, int]) -> "Zoom":
        """Spread a window of each sample over the whole size.

        Args:
            corner: First row and column of the windows, shape ``[B, 2]``, int64.
            crop: Height and width of the windows, shape ``[B, 2]``, int64.
            flipped: Samples whose columns run backwards, shape ``[B]``, bool.
            size: Height and width of the samples, in pixels, at least 2.
        """
        linear, nearest = [], []
        for axis, length in enumerate(size):
            start, window = corner[:, axis, None], crop[:, axis, None]
            pixel = torch.arange(length, device=crop.device, dtype=torch.int64)
            linear.append(start + pixel * (window - 1) / (length - 1))
            nearest.append(start + pixel * window // length)
        for source in (linear, nearest):
            source[1] = torch.where(flipped[:, None], source[1].flip(1), source[1])
        return cls((linear[0], linear[1]), (nearest[0], nearest[1]))


def read_linear(maps: Tensor, zoom: Zoom) -> Tensor:
    """Read maps ``[B, C, H, W]`` between their pixels: bilinear interpolation with aligned corners.

    Example:
        >>> corner, crop = torch.tensor([[0, 0]]), torch.tensor([[2, 2]])
        >>> zoom = Zoom.of(corner, crop, torch.tensor([False]), size=(4, 4))
        >>> read_linear(torch.arange(16.0).view(1, 1, 4, 4), zoom)[0, 0, 0]
        tensor([0.0000, 0.3333, 0.6667, 1.0000])
    """
    for axis, source in zip((2, 3), zoom.linear, strict=True):
        lower = source.floor().long()
        upper = (lower + 1).clamp(max=maps.shape[axis] - 1)
        fraction = _along(source - lower, axis).to(maps.dtype)
        maps = torch.lerp(_take(maps, lower, axis), _take(maps, upper, axis), fraction)
    return maps


def read_nearest(maps: Tensor, zoom: Zoom) -> Tensor:
    """Read maps ``[B, C, H, W]`` at whole pixels; no value appears that was not there.

    Example:
        >>> corner, crop = torch.tensor([[0, 0]]), torch.tensor([[2, 2]])
        >>> zoom = Zoom.of(corner, crop, torch.tensor([True]), size=(4, 4))
        >>> read_nearest(torch.arange(16).view(1, 1, 4, 4), zoom)[0, 0, 0]
        tensor([1, 1, 0, 0])
    """
    for axis, source in zip((2, 3), zoom.nearest, strict=True):
        maps = _take(maps, source, axis)
    return maps


def _take(maps: Tensor, index: Tensor, axis: int) -> Tensor:
    shape = list(maps.shape)
    shape[axis] = index.shape[1]
    return maps.gather(axis, _along(index, axis).expand(shape))


def _along(values: Tensor, axis: int) -> Tensor:
    return values[:, None, :, None] if axis == 2 else values[:, None, None, :]
