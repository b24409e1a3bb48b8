"""What a method learns, and when: with the user's optimizer, after its step, after an epoch."""

from collections.abc import Iterator
from typing import Protocol, runtime_checkable

from torch import Tensor, nn
from torchjd.aggregation import Aggregator, Weighting
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import positive
from lightning_go4align.methods.around import AroundScalarizer

LEARNING_RATE = 0.025  # Of UW's log-variances in the published code; its FAMO has the same.


@runtime_checkable
class LearnsAfterStep(Protocol):
    """A method that sees the losses of a batch once more after the optimizer's step (FAMO)."""

    def update(self, losses: Tensor, /) -> None:
        """Learn from the losses of the same batch, shape ``[M]``, after the step."""

    def parameters(self) -> Iterator[nn.Parameter]:
        """List what it steps itself."""


@runtime_checkable
class BeginsBatches(Protocol):
    """A method with a part that counts the optimizer's steps, which may have several batches (``WithFactors``)."""

    def begin_batch(self, first: bool) -> None:
        """Get ready for a batch, the first of its optimizer's step or another."""


@runtime_checkable
class EndsFits(Protocol):
    """A method with a part that a fit sets otherwise than a loop of one's own does (``WithFactors``)."""

    def end_fit(self) -> None:
        """Be as in a loop of one's own again, and forget nothing."""


@runtime_checkable
class LearnsAfterEpoch(Protocol):
    """A method with a part once an epoch (TorchJD's DWA)."""

    def step(self) -> None:
        """Close the epoch."""


class WithLearningRate(AroundScalarizer):
    """Give the parameters that a method learns with the model (UW, IMTL-L) a learning rate of their own.

    Args:
        method: The method that learns.
        learning_rate: Its learning rate, positive; without this wrapper 0.025.

    Raises:
        TypeError: If ``method`` is no scalarizer, or ``learning_rate`` no number.
        ValueError: If ``learning_rate`` is not positive, or the method learns nothing with the model.

    Example:
        >>> from torchjd.scalarization import UW
        >>> [group] = parameter_groups(WithLearningRate(UW(3), learning_rate=0.1))
        >>> group["lr"]
        0.1
    """

    for_aggregators: str = "It learns no parameters with the model: use it without `WithLearningRate`."

    def __init__(self, method: Scalarizer, learning_rate: float = LEARNING_RATE) -> None:
        super().__init__(method)
        self.learning_rate = positive("learning_rate", learning_rate)
        if not learned_parameters(method):
            raise ValueError(
                f"`method` must learn parameters with the model, as UW does, but {method} learns none. Use it "
                "without `WithLearningRate`."
            )

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        objective: Tensor = self.method(losses)
        return objective

    @override
    def __repr__(self) -> str:
        return f"WithLearningRate({self.method!r}, learning_rate={self.learning_rate})"


def learned_parameters(method: nn.Module) -> list[nn.Parameter]:
    """List the parameters that the user's optimizer must learn with the model.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        Its parameters (UW's log-variances), without those that it steps itself (FAMO's logits).

    Example:
        >>> from torchjd.scalarization import FAMO, UW
        >>> len(learned_parameters(UW(3))), len(learned_parameters(FAMO(3)))
        (1, 0)
    """
    own = {id(parameter) for part in learning_after_step(method) for parameter in part.parameters()}
    return [parameter for parameter in method.parameters() if parameter.requires_grad and id(parameter) not in own]


def parameter_groups(method: nn.Module) -> list[dict[str, list[nn.Parameter] | float]]:
    """Make the optimizer's groups of what a method learns: its own learning rate, no weight decay.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        Groups for ``Optimizer.add_param_group``; none if nothing is learned with the model.

    Example:
        >>> from torchjd.scalarization import UW
        >>> parameter_groups(UW(2))[0]["lr"]
        0.025
    """
    rates = {
        id(parameter): module.learning_rate
        for module in method.modules()
        if isinstance(module, WithLearningRate)
        for parameter in module.parameters()
    }
    return [
        {"params": [parameter], "lr": rates.get(id(parameter), LEARNING_RATE), "weight_decay": 0.0}
        for parameter in learned_parameters(method)
    ]


def learning_after_step(method: nn.Module) -> list[LearnsAfterStep]:
    """List the parts of a method whose ``update(losses)`` wants the losses after the optimizer's step.

    Args:
        method: A scalarizer or an aggregator, or one that wraps another.

    Returns:
        Its parts that are ``LearnsAfterStep``.

    Example:
        >>> from torchjd.scalarization import FAMO, Sum
        >>> learning_after_step(FAMO(2)), learning_after_step(Sum())
        ([FAMO(shape=(2,), lr=0.025, weight_decay=0.001)], [])
    """
    return [part for part in _parts(method) if isinstance(part, LearnsAfterStep)]


def learning_after_epoch(method: nn.Module) -> list[LearnsAfterEpoch]:
    """List the parts of a method whose ``step()`` closes an epoch.

    Args:
        method: A scalarizer or an aggregator, or one that wraps another.

    Returns:
        Its parts that are ``LearnsAfterEpoch``.

    Example:
        >>> from torchjd.scalarization import DWA
        >>> learning_after_epoch(DWA())
        [DWA(temperature=2.0)]
    """
    # Nash-MTL of TorchJD counts its calls under the same name.
    return [part for part in _parts(method) if isinstance(part, LearnsAfterEpoch) and callable(part.step)]


def end_fit(method: nn.Module) -> None:
    """Let the parts of a method that are ``EndsFits`` know that a fit is over.

    Args:
        method: A scalarizer or an aggregator, or one that wraps another.
    """
    for part in method.modules():
        if isinstance(part, EndsFits):
            part.end_fit()


def _parts(method: nn.Module) -> list[nn.Module]:
    """The module's parts that are methods; torch's containers have an ``update`` of their own."""
    return [part for part in method.modules() if isinstance(part, Scalarizer | Aggregator | Weighting)]
