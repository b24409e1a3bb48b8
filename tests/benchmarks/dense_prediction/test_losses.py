from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lightning_go4align.benchmarks.dense_prediction.losses import depth_loss, normal_loss, segmentation_loss


def test_segmentation_loss_is_the_mean_over_labelled_pixels() -> None:
    logits, labels = torch.randn(2, 5, 3, 4), torch.randint(-1, 5, (2, 3, 4))
    probabilities = logits.double().softmax(1)
    losses = [
        -probabilities[b, labels[b, i, j], i, j].log()
        for b in range(2)
        for i in range(3)
        for j in range(4)
        if labels[b, i, j] >= 0
    ]
    assert segmentation_loss(logits, labels).item() == pytest.approx(torch.stack(losses).mean().item(), rel=1e-5)


def test_depth_loss_leaves_out_what_was_not_measured() -> None:
    target = torch.tensor([2.0, 0.0, 4.0]).view(1, 1, 1, 3)
    assert depth_loss(torch.tensor([1.0, 50.0, 7.0]).view(1, 1, 1, 3), target).item() == 2  # (1 + 3) / 2


def test_normal_loss_is_one_minus_the_mean_cosine() -> None:
    target = torch.tensor([[0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 0.0, 0.0]]).T.view(1, 3, 1, 3)
    prediction = torch.tensor([[0.0, 0.0, 9.0], [2.0, 2.0, 0.0], [1.0, 1.0, 1.0]]).T.view(1, 3, 1, 3)
    assert normal_loss(prediction, target).item() == pytest.approx(1 - (1 + 0.5**0.5) / 2, rel=1e-6)


@pytest.mark.parametrize(
    ("loss", "prediction", "target", "value"),
    [
        (segmentation_loss, torch.randn(1, 3, 2, 2), torch.full((1, 2, 2), -1), 0),
        (depth_loss, torch.randn(1, 1, 2, 2), torch.zeros(1, 1, 2, 2), 0),
        (normal_loss, torch.randn(1, 3, 2, 2), torch.zeros(1, 3, 2, 2), 1),
    ],
    ids=["segmentation", "depth", "normal"],
)
def test_a_batch_without_truth_has_a_finite_loss_and_no_gradient(
    loss: Callable[..., Any], prediction: Tensor, target: Tensor, value: int
) -> None:
    prediction.requires_grad_()
    result = loss(prediction, target)
    result.backward()
    assert (result.item(), prediction.grad.abs().sum().item()) == (value, 0)


@pytest.mark.parametrize("loss", [depth_loss, normal_loss])
def test_losses_of_half_precision_predictions_are_float32(loss: Callable[..., Any]) -> None:
    assert loss(torch.rand(1, 3, 2, 2, dtype=torch.bfloat16), torch.rand(1, 3, 2, 2)).dtype == torch.float32
