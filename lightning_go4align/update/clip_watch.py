"""A clip by norm that was tuned for another method, noticed and told once."""

import statistics

import lightning.pytorch as pl
import torch
from lightning_utilities.core.rank_zero import rank_zero_warn
from torch import Tensor, nn
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer
from torchjd.scalarization import Constant, Mean, Scalarizer, Sum

from lightning_go4align.methods.fixed import FixedWeights, SingleTask

FIXED = (Constant, FixedWeights, Mean, SingleTask, Sum)
EVERY = 16
FEWEST = 10
CUT = 10


class ClipWatch:
    """Look at the gradient's norm now and then, and warn where clipping decides how long every step is.

    Under a method that divides by the losses the gradient is the steeper the nearer to learned a task is, and a clip
    that a plain sum never felt holds the other tasks back.

    Args:
        method: How tasks are balanced. Sums of fixed weights clip as ever, and are left alone.

    Example:
        >>> watch = ClipWatch(Sum())
        >>> watch.tell(pl.Trainer(gradient_clip_val=1.0, logger=False))  # Nothing was looked at.
    """

    def __init__(self, method: nn.Module) -> None:
        self._method = method
        self._looks = isinstance(method, Scalarizer) and not isinstance(method, FIXED)
        self._number = 0
        self._norms: list[Tensor] = []

    def look(self, trainer: pl.Trainer, optimizer: Optimizer) -> None:
        """Take note of the norm of one optimizer's gradient, every so many steps; the host reads nothing.

        Args:
            trainer: The trainer, before it clips: it has a `gradient_clip_val`.
            optimizer: The optimizer that steps next.
        """
        if not self._looks or trainer.gradient_clip_algorithm == "value":
            return
        self._number += 1
        if self._number % EVERY:
            return
        gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
        # Neither shards of one nor sparse ones, of which there is no total norm.
        if all(type(gradient) is Tensor and gradient.layout == torch.strided for gradient in gradients):
            self._norms.append(get_total_norm(gradients))

    def tell(self, trainer: pl.Trainer) -> None:
        """Warn, once, if most of the steps looked at since the last time were cut to less than a tenth.

        Args:
            trainer: The trainer, at the end of an epoch.
        """
        if len(self._norms) < FEWEST:
            return
        norms = [norm for norm in torch.stack(self._norms).tolist() if norm < float("inf")]
        self._norms, clip = [], trainer.gradient_clip_val
        if not norms or not clip or (median := statistics.median(norms)) <= CUT * clip:
            return
        self._looks = False
        rank_zero_warn(
            f"`gradient_clip_val={clip:g}` makes most steps shorter than a tenth: the gradient's norm is "
            f"{median:.3g} in the median of the last {len(norms)} that were looked at. Under "
            f"{type(self._method).__name__} it grows as tasks are learned, and those still on their way then learn "
            "late. Raise the value, or set `gradient_clip_algorithm='value'`, which clips each entry by itself."
        )
