"""Scalarizers whose weights depend on nothing but the values of the losses, present and past."""

from abc import abstractmethod

from torch import Tensor
from torchjd import Stateful
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.losses import check_losses
from lightning_go4align.functional.objective import weighted_risk
from lightning_go4align.functional.precision import widened
from lightning_go4align.functional.values import on_values
from lightning_go4align.methods.lazy_buffers import LazyBuffers


class LossWeighted(LazyBuffers, Scalarizer, Stateful):
    """Weigh the losses by constants that ``weigh`` finds from their values, moving a state of the method's own.

    Losses may have any shape, as for TorchJD's scalarizers: a number is one task, and what is told of the tasks is
    in the order of ``losses.flatten()``. NaN marks an absent task. Under ``torch.vmap`` rows are weighed side by
    side, each as the next step would be, and the state does not move: see ``on_values``.

    Attributes:
        task_weights: The last task weights, shape ``[M]``; None before the first call.
    """

    supports_missing: bool = True

    def __init__(self) -> None:
        super().__init__()
        self.task_weights: Tensor | None = None

    @abstractmethod
    def weigh(self, losses: Tensor) -> Tensor:
        """Take one step: move the state and find the weights.

        Args:
            losses: Task losses, shape ``[M]``, without graph, in the device's widest dtype.

        Returns:
            Task weights, shape ``[M]``.
        """

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses).flatten()
        return weighted_risk(losses, on_values(_weigh, self, losses))


def _weigh(method: LossWeighted, values: Tensor) -> Tensor:
    # Past `nn.Module.__setattr__`, whose search for parameters costs as much as three operations of NumPy.
    weights = vars(method)["task_weights"] = method.weigh(widened(values))
    return weights
