"""Random zoom and flip of a whole batch, on its device, without a look at a tensor's value on the host."""

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from lightning_go4align.benchmarks.dense_prediction.zoom import Zoom, read_linear, read_nearest


def divide_by_zoom(depth: Tensor, scale: Tensor) -> Tensor:
    """Rescale metric depth ``[B, 1, H, W]``: what is magnified ``scale`` times looks as many times nearer.

    The published code does this on CityScapes, too, whose maps hold disparity: see :func:`multiply_by_zoom`.

    Example:
        >>> divide_by_zoom(torch.ones(1, 1, 1, 1), torch.tensor([2.0])).item()
        0.5
    """
    return depth / scale.view(-1, 1, 1, 1)


def multiply_by_zoom(disparity: Tensor, scale: Tensor) -> Tensor:
    """Rescale disparity ``[B, 1, H, W]``, the inverse of depth: what is magnified has more of it.

    Example:
        >>> multiply_by_zoom(torch.ones(1, 1, 1, 1), torch.tensor([2.0])).item()
        2.0
    """
    return disparity * scale.view(-1, 1, 1, 1)


class ZoomAndFlip:
    """Zoom into a random part of each sample and mirror every second one.

    Image and normals are interpolated (normals keep the length that results), labels and depth take the
    nearest pixel; a mirrored normal has its first component negated. Everything is drawn from torch's
    generator of the batch's device; the published code draws zoom and place from Python's ``random``: same
    distribution, other numbers.

    Args:
        rescale_depth: What a zoom does to depth: :func:`divide_by_zoom` or :func:`multiply_by_zoom`.
        scales: Zoom factors, all equally likely, at least 1.

    Example:
        >>> batch = {
        ...     "image": torch.rand(2, 3, 8, 8),
        ...     "segmentation": torch.ones(2, 8, 8, dtype=torch.int64),
        ...     "depth": torch.ones(2, 1, 8, 8),
        ... }
        >>> augmented = ZoomAndFlip(divide_by_zoom, scales=[2.0])(batch)
        >>> augmented["depth"].unique()
        tensor([0.5000])
    """

    def __init__(
        self,
        rescale_depth: Callable[[Tensor, Tensor], Tensor],
        scales: Sequence[float] = (1.0, 1.2, 1.5),
    ) -> None:
        if not scales or min(scales) < 1:
            raise ValueError(f"`scales` must be zoom factors of at least 1, but are {list(scales)}.")
        self.rescale_depth = rescale_depth
        self.scales = scales

    def __call__(self, batch: dict[str, Tensor]) -> dict[str, Tensor]:
        samples, (height, width) = len(batch["image"]), batch["image"].shape[-2:]
        device = batch["image"].device
        choice = torch.randint(len(self.scales), (samples,), device=device)
        heights, widths = ([int(length / scale) for scale in self.scales] for length in (height, width))
        crop = torch.stack([_on(device, heights), _on(device, widths)], 1)[choice]
        scale = _on(device, self.scales)[choice]
        room = _on(device, [height + 1, width + 1]) - crop
        corner = (torch.rand(samples, 2, device=device) * room).long()
        flipped = torch.rand(samples, device=device) < 0.5
        return self._apply(batch, Zoom.of(corner, crop, flipped, (height, width)), scale, flipped)

    def _apply(self, batch: dict[str, Tensor], zoom: Zoom, scale: Tensor, flipped: Tensor) -> dict[str, Tensor]:
        augmented = {
            "image": read_linear(batch["image"], zoom),
            "segmentation": read_nearest(batch["segmentation"][:, None], zoom)[:, 0],
            "depth": self.rescale_depth(read_nearest(batch["depth"], zoom), scale),
        }
        if "normal" in batch:
            x, y, z = read_linear(batch["normal"], zoom).unbind(1)
            augmented["normal"] = torch.stack([torch.where(flipped[:, None, None], -x, x), y, z], 1)
        return augmented


def _on(device: torch.device, values: Sequence[float]) -> Tensor:
    # Filled there: to copy a list from the host would wait for the device.
    return torch.stack([torch.full((), value, device=device) for value in values])
