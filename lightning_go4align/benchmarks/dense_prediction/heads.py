"""The outputs of the tasks."""

from collections.abc import Mapping

from torch import Tensor, nn
from typing_extensions import override

from lightning_go4align.benchmarks.dense_prediction.segnet import initialize


class Heads(nn.ModuleDict):
    """One head a task on shared or on the task's own features: a 3x3 and a 1x1 convolution, no activation.

    Segmentation gets logits, depth its value and normals a vector of any length.

    Args:
        outputs: Number of output channels of each task.
        channels: Width of the features.

    Example:
        >>> heads = Heads({"segmentation": 13, "depth": 1, "normal": 3}, channels=64)
        >>> sum(parameter.numel() for parameter in heads.parameters())
        111889
    """

    def __init__(self, outputs: Mapping[str, int], channels: int) -> None:
        super().__init__(
            {
                task: nn.Sequential(nn.Conv2d(channels, channels, 3, padding=1), nn.Conv2d(channels, width, 1))
                for task, width in outputs.items()
            }
        )
        initialize(self)

    @override
    def forward(self, features: Mapping[str, Tensor]) -> dict[str, Tensor]:
        return {task: head(features[task]) for task, head in self.items()}
