"""Depth errors of NYUv2 (Table 1) and CityScapes (Table 5): over all pixels, and as they were published."""

from typing import Any

import torch
from torch import Tensor
from torchmetrics import Metric
from typing_extensions import override

from lightning_go4align.functional.arguments import check_tensors
from lightning_go4align.functional.precision import widest
from lightning_go4align.metrics.precision import PreciseMetric


class DepthErrors(PreciseMetric):
    r"""Absolute and relative depth error over all measured pixels of the test set.

    .. math:: \mathrm{abs} = \frac1N \sum_i |\hat d_i - d_i|, \qquad
              \mathrm{rel} = \frac1N \sum_i |\hat d_i - d_i| / d_i

    Every pixel has the same weight, whatever batch it came in. A depth of 0 was not measured and counts
    nowhere. ``compute`` returns ``abs_err`` in the target's unit and ``rel_err`` as a ratio; NaN before the
    first pixel.

    Args:
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> errors = DepthErrors()
        >>> errors.update(torch.tensor([1.0, 3.0, 9.0]), torch.tensor([2.0, 4.0, 0.0]))
        >>> errors.compute()
        {'abs_err': tensor(1., dtype=torch.float64), 'rel_err': tensor(0.3750, dtype=torch.float64)}
    """

    higher_is_better = False
    is_differentiable = True
    full_state_update = False
    plot = Metric._plot
    totals: Tensor
    pixels: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("totals", torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("pixels", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, prediction: Tensor, target: Tensor) -> None:
        totals, pixels = depth_error_sums(prediction, target)
        self.totals += totals
        self.pixels += pixels

    @override
    def compute(self) -> dict[str, Tensor]:
        abs_err, rel_err = self.totals / self.pixels
        return {"abs_err": abs_err, "rel_err": rel_err}


class BatchMeanDepthErrors(PreciseMetric):
    """Depth errors as they were published: the mean over batches of each batch's mean error.

    The last, smaller batch and a batch with few measured pixels weigh as much as any other, so the value
    depends on the batch size: 2 for NYUv2 and 8 for CityScapes in the printed tables. Everything else is as
    in :class:`DepthErrors`. A batch without any measured pixel is left out.

    Args:
        kwargs: torchmetrics' own, such as ``sync_on_compute`` and ``process_group``.

    Example:
        >>> errors = BatchMeanDepthErrors()
        >>> errors.update(torch.tensor([1.0, 1.0, 1.0]), torch.tensor([2.0, 2.0, 2.0]))
        >>> errors.update(torch.tensor([1.0]), torch.tensor([4.0]))
        >>> errors.compute()["abs_err"]  # over all four pixels it is 1.5
        tensor(2., dtype=torch.float64)
    """

    higher_is_better = False
    is_differentiable = True
    full_state_update = False
    plot = Metric._plot
    totals: Tensor
    batches: Tensor

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.add_state("totals", torch.zeros(2, dtype=torch.float64), dist_reduce_fx="sum")
        self.add_state("batches", torch.zeros((), dtype=torch.int64), dist_reduce_fx="sum")

    @override
    def update(self, prediction: Tensor, target: Tensor) -> None:
        totals, pixels = depth_error_sums(prediction, target)
        self.totals += totals / pixels.clamp(min=1)
        self.batches += pixels > 0

    @override
    def compute(self) -> dict[str, Tensor]:
        abs_err, rel_err = self.totals / self.batches
        return {"abs_err": abs_err, "rel_err": rel_err}


def depth_error_sums(prediction: Tensor, target: Tensor) -> tuple[Tensor, Tensor]:
    """Sum the absolute and the relative errors over the measured pixels.

    Args:
        prediction: Predicted depth, any shape.
        target: True depth, the same shape and unit; 0 where it was not measured.

    Returns:
        Both sums, shape ``[2]``, float64 (float32 on MPS), and the number of measured pixels, int64.

    Example:
        >>> depth_error_sums(torch.tensor([1.0, 9.0]), torch.tensor([2.0, 0.0]))
        (tensor([1.0000, 0.5000], dtype=torch.float64), tensor(1))
    """
    check_tensors(prediction=prediction, target=target)
    if prediction.shape != target.shape:
        raise ValueError(
            f"Depth errors compare maps of one shape, but the prediction is {tuple(prediction.shape)} and "
            f"the target {tuple(target.shape)}. Bring the prediction to the target's resolution first."
        )
    measured = target != 0
    wide = prediction.to(torch.promote_types(prediction.dtype, torch.float32))
    error = torch.where(measured, (wide - target).abs(), 0)
    relative = error / torch.where(measured, target, 1)
    dtype = widest(target.device)
    return torch.stack([error.sum(dtype=dtype), relative.sum(dtype=dtype)]), measured.sum()
