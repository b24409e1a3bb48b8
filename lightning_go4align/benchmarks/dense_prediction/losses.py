"""Losses of the dense tasks, each a mean over the pixels whose truth is known."""

from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

IGNORED = -1  # the label of a pixel without class


def segmentation_loss(logits: Tensor, labels: Tensor) -> Tensor:
    """Return the negative log-likelihood of the true classes.

    Args:
        logits: Unnormalised class scores, shape ``[B, C, H, W]``.
        labels: True classes, shape ``[B, H, W]``, int64; -1 where unknown.

    Returns:
        Mean over the labelled pixels, shape ``[]``, in nats; 0 if there is none.

    Example:
        >>> import torch
        >>> segmentation_loss(torch.zeros(1, 4, 1, 2), torch.tensor([[[3, -1]]]))
        tensor(1.3863)
    """
    total = cross_entropy(logits, labels, ignore_index=IGNORED, reduction="sum")
    return total / (labels != IGNORED).sum().clamp(min=1)


def depth_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Return the mean absolute error of depth.

    Args:
        prediction: Predicted depth, shape ``[B, 1, H, W]``.
        target: True depth, the same shape and unit; 0 where it was not measured.

    Returns:
        Mean over the measured pixels, shape ``[]``, in the unit of the target; 0 if there is none.

    Example:
        >>> import torch
        >>> depth_loss(torch.tensor([1.0, 9.0]), torch.tensor([3.0, 0.0]))
        tensor(2.)
    """
    measured = target != 0
    return ((prediction - target).abs() * measured).sum() / measured.sum().clamp(min=1)


def normal_loss(prediction: Tensor, target: Tensor) -> Tensor:
    """Return one minus the mean cosine between predicted and true normals.

    A pixel is measured where any component of its normal is not zero; the published code asks for a sum of
    components that is not zero and so loses normals such as (1, -1, 0) / sqrt 2.

    Args:
        prediction: Predicted normals of any length, shape ``[B, 3, H, W]``.
        target: True unit normals, the same shape; zero vectors where unknown.

    Returns:
        Mean over the measured pixels, shape ``[]``, in [0, 2]; 1 if there is none.

    Example:
        >>> import torch
        >>> up = torch.tensor([0.0, 0.0, 1.0]).view(1, 3, 1, 1)
        >>> normal_loss(-5 * up, up)
        tensor(2.)
    """
    measured = (target != 0).any(1)
    cosine = (normalize(prediction.to(target.dtype), dim=1) * target).sum(1)
    return 1 - cosine.sum() / measured.sum().clamp(min=1)
