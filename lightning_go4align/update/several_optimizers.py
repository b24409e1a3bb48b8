"""Several optimizers that share one backward pass."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from torch import Tensor
from torch.optim import Optimizer

from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.patches import AttributePatches


def refuse_shared_parameters(optimizers: Sequence[Optimizer]) -> None:
    """Refuse what torch's scaler would do in silence: divide a gradient by its scale once for each optimizer.

    Args:
        optimizers: All of a trainer, whose precision has a scaler.

    Raises:
        MisconfigurationException: If two optimizers hold one parameter.
    """
    seen: set[int] = set()
    for optimizer in optimizers:
        own = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
        if seen & own:
            raise MisconfigurationException(
                "Two optimizers hold the same parameter, whose gradient the scaler of `precision='16-mixed'` would "
                "divide by its scale twice. Give each parameter one optimizer, or use `precision='bf16-mixed'`, "
                "which needs no scaler."
            )
        seen |= own


def sharing(closure: Callable[[], Tensor | None], number: int) -> list[Callable[[], Tensor | None]]:
    """Let the optimizers share one backward pass, and those that ask again (LBFGS) have another.

    Args:
        closure: Does the backward pass, and returns the loss.
        number: Number of optimizers.

    Returns:
        What stands for the closure in the step of each.

    Example:
        >>> import torch
        >>> passes = []
        >>> first, second = sharing(lambda: passes.append("pass") or torch.ones(()), 2)
        >>> first(), second(), len(passes)
        (tensor(1.), tensor(1.), 1)
    """
    results: list[Tensor | None] = []

    def make() -> Callable[[], Tensor | None]:
        called = False

        def compute() -> Tensor | None:
            nonlocal called
            if called or not results:
                results[:] = [closure()]
            called = True
            return results[0]

        return compute

    return [make() for _ in range(number)]


@contextmanager
def one_scale(scaler: Any) -> Iterator[None]:
    """Let several optimizers step with the gradient scale of their one backward pass, and then adapt it once.

    Args:
        scaler: The gradient scaler; None if there is none.
    """
    if scaler is None:
        yield
        return
    updates: list[None] = []
    with AttributePatches() as patches:
        patches.set(scaler, "update", lambda: updates.append(None))
        yield
    if updates:
        scaler.update()
