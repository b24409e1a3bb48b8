"""Reading the task losses out of what a ``training_step`` returns."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

HOW = "Return a mapping of task names to scalar losses, or {'task_losses': {...}, ...} with other entries beside it."


class StepOutput:
    """What a ``training_step`` returned: its task losses by name, and the entries that are none.

    Args:
        output: The mapping of task names to scalar losses, or a mapping whose entry ``task_losses`` is one. None
            stands for the loss of an absent task, and in the place of the mapping for the absence of all.

    Attributes:
        losses: The task losses, None for one that is absent.
        present: Those that are there.
        extras: The other entries.

    Raises:
        TypeError: If it is no such mapping, or a loss is no floating-point tensor of one element.
        ValueError: If it holds no task.

    Example:
        >>> StepOutput({"task_losses": {"depth": torch.tensor(1.0)}, "predictions": 3}).extras
        {'predictions': 3}
    """

    def __init__(self, output: Any) -> None:
        self.losses: Mapping[str, Tensor | None] = {}
        self.present: dict[str, Tensor] = {}
        self.extras: dict[str, Any] = {}
        if output is not None:
            self._read(output)

    def _read(self, output: Any) -> None:
        if not isinstance(output, Mapping):
            raise TypeError(
                f"`training_step` must return its task losses, but returned a {type(output).__name__}. {HOW}"
            )
        losses = output.get("task_losses", output)
        if not isinstance(losses, Mapping):
            raise TypeError(f"`task_losses` must be a mapping, but is a {type(losses).__name__}. {HOW}")
        if losses is output and "loss" in output:
            raise ValueError(
                f"`training_step` returned a 'loss', which is what the method makes of task losses. {HOW}"
            )
        if not losses:
            raise ValueError(f"`training_step` returned no task at all. {HOW}")
        self.losses = losses
        if losses is not output:
            self.extras = {key: value for key, value in output.items() if key not in ("task_losses", "loss")}
        for task, loss in losses.items():
            if not isinstance(task, str):
                raise TypeError(f"The name of a task must be a string, but is {task!r}. {HOW}")
            if loss is not None:
                _check(task, loss)
                self.present[task] = loss


def _check(task: str, loss: Any) -> None:
    if not isinstance(loss, Tensor):
        raise TypeError(f"The loss of task '{task}' must be a tensor with its graph, but is a {type(loss).__name__}.")
    if loss.numel() != 1:
        raise TypeError(
            f"The loss of task '{task}' must be a scalar, but has shape {list(loss.shape)}. Reduce it: `.mean()`."
        )
    if not loss.is_floating_point():
        raise TypeError(f"The loss of task '{task}' must be a floating-point tensor, but is {loss.dtype}.")


def stack_losses(tasks: Sequence[str], output: StepOutput, device: torch.device, gap: float = torch.nan) -> Tensor:
    """Stack the losses of all tasks.

    Args:
        tasks: Names of the ``M`` tasks, in order.
        output: What the step returned; it may leave tasks out.
        device: Where the losses are to be.
        gap: What stands for an absent task.

    Returns:
        Task losses, shape ``[M]``, with their graph, in float32 or wider: sums of bfloat16 end at 256.

    Raises:
        ValueError: If the step returned a task that is not among ``tasks``, or none of its losses has a graph while
            gradients are recorded.

    Example:
        >>> output = StepOutput({"b": torch.ones((), requires_grad=True)})
        >>> stack_losses(["a", "b"], output, torch.device("cpu"))
        tensor([nan, 1.], grad_fn=<StackBackward0>)
    """
    unknown = [task for task in output.losses if task not in tasks]
    if unknown:
        raise ValueError(
            f"`training_step` returned the tasks {unknown}, not among those of the first step or of the checkpoint, "
            f"{list(tasks)}. Return every task, with None for one that is absent, from the first step on, and resume "
            "with the names of the checkpoint."
        )
    found = output.present
    if found and torch.is_grad_enabled() and not any(loss.requires_grad for loss in found.values()):
        raise ValueError(
            "None of the losses that `training_step` returned has a graph. Do not detach them, "
            "nor compute them under `no_grad`."
        )
    if len(found) < len(tasks):
        found = dict.fromkeys(tasks, torch.full((), gap, dtype=torch.float32, device=device)) | found
    losses = torch.stack([_scalar(found[task]).to(device, non_blocking=True) for task in tasks])
    return losses.to(torch.promote_types(losses.dtype, torch.float32))


def _scalar(loss: Tensor) -> Tensor:
    return loss.reshape(()) if loss.dim() else loss


def agree_at_the_start(names: Sequence[str], seed: int) -> tuple[list[str], int]:
    """Join the task names of all ranks, in the order of their first appearance, and take rank 0's seed; once a run.

    Args:
        names: The names that this rank saw.
        seed: What this rank would draw from.

    Returns:
        The names that any rank saw and the seed, the same on all.

    Example:
        >>> agree_at_the_start(["depth", "normal"], 3)
        (['depth', 'normal'], 3)
    """
    if not is_distributed():
        return list(names), seed
    gathered: list[Any] = [None] * dist.get_world_size()
    dist.all_gather_object(gathered, (list(names), seed))
    return list(dict.fromkeys(name for theirs, _ in gathered for name in theirs)), gathered[0][1]


def average_over_ranks(losses: Tensor, found: Tensor) -> tuple[Tensor, Tensor]:
    r"""Give the losses their mean value over the ranks, and keep the graph of this rank's.

    With :math:`L_r` the losses of rank :math:`r` and :math:`n` the number of the :math:`W` ranks that hold a task,
    the value is :math:`\bar L = \frac{1}{n} \sum_r L_r` and the gradient that of :math:`\frac{W}{n} L_r`, of which
    the average over the ranks that data-parallel training takes is the gradient of :math:`\bar L`. Every rank so
    finds the same weights, and they are those of one process on the joined batch. One collective, of ``3 M`` numbers.

    Args:
        losses: Task losses of this rank, shape ``[M]``; NaN for an absent task.
        found: The same, detached, with a finite number for an absent task.

    Returns:
        Task losses, shape ``[M]``, NaN for a task that is absent on all ranks; and ``found``, with NaN for a task
        whose loss is not finite on some rank.

    Example:
        >>> average_over_ranks(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, 0.0]))
        (tensor([1., nan]), tensor([1., 0.]))
    """
    if not is_distributed():
        return losses, found
    absent = losses.detach().isnan()
    local = losses.masked_fill(absent, 0)
    joined = torch.stack([local.detach(), absent.logical_not().to(local.dtype), found.isfinite().to(local.dtype)])
    dist.all_reduce(joined)
    mean = joined[0] / joined[1]
    scaled = local * (dist.get_world_size() / joined[1].clamp(min=1))
    whole = joined[2] == dist.get_world_size()
    return mean + (scaled - scaled.detach()), found.masked_fill(whole.logical_not(), torch.nan)


def is_distributed() -> bool:
    """Tell whether the process is one of several that train together.

    Returns:
        True within a process group of more than one rank.

    Example:
        >>> is_distributed()
        False
    """
    return dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
