"""Steps that leave alone what belongs to absent tasks."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor
from torch.optim import Optimizer


@contextmanager
def kept(
    absent: Tensor | None, parameters: Iterable[Tensor], optimizers: Callable[[], Iterable[Optimizer]]
) -> Iterator[None]:
    """Let a step move no entry of an absent task, nor what an optimizer remembers of it.

    A gradient of 0 does not do: moments and weight decay move an entry without one. The optimizer's count of steps is
    one for all entries, and goes on.

    Args:
        absent: Which tasks are, shape ``[M]``; None for none.
        parameters: What is stepped; those of shape ``[M]`` have an entry for each task.
        optimizers: Lists what steps them; called before the step and after it, which may make them.

    Example:
        >>> logits = torch.zeros(2, requires_grad=True)
        >>> optimizer = torch.optim.Adam([logits], lr=0.5)
        >>> logits.grad = torch.ones(2)
        >>> with kept(torch.tensor([False, True]), [logits], lambda: [optimizer]):
        ...     optimizer.step()
        >>> (logits != 0).tolist(), (optimizer.state[logits]["exp_avg_sq"] != 0).tolist()
        ([True, False], [True, False])
    """
    if absent is None:
        yield
        return
    of_tasks = [parameter for parameter in parameters if parameter.shape == absent.shape]
    before = {key: entries.detach().clone() for key, entries in _entries(of_tasks, optimizers())}
    yield
    with torch.no_grad():
        for key, entries in _entries(of_tasks, optimizers()):  # Moments are made by the first step, from 0.
            entries.copy_(torch.where(absent, before.get(key, 0), entries))


def _entries(parameters: list[Tensor], optimizers: Iterable[Optimizer]) -> Iterator[tuple[tuple[int, str], Tensor]]:
    """Find the parameters, and the moments of each, by its number and their name."""
    held = list(optimizers)
    for number, parameter in enumerate(parameters):
        yield (number, ""), parameter
        for name, value in [item for optimizer in held for item in optimizer.state.get(parameter, {}).items()]:
            if isinstance(value, Tensor) and value.shape == parameter.shape:
                yield (number, name), value
