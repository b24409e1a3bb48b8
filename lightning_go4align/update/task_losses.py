"""Reading the task losses out of what a ``training_step`` returns."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor, nn

from lightning_go4align.functional.losses import plain
from lightning_go4align.functional.ranks import is_distributed
from lightning_go4align.update.entries import FLOATS, check_loss, check_name

WIDE = (torch.float32, torch.float64)
HOW = (
    "Return a mapping of task names to scalar losses, or {'task_losses': {...}, ...} with other entries beside it; "
    "where the step has to return something else, let `MultiTaskCallback(method, losses=...)` pick them out of it."
)


class StepOutput:
    """What a ``training_step`` returned: its task losses by name, and the entries that are none.

    Args:
        output: The mapping of task names to scalar losses, or a mapping whose entry ``task_losses`` is one. None
            stands for the loss of an absent task, and in the place of the mapping for the absence of all.
        source: What returned it, for errors.

    Attributes:
        losses: The task losses, None for one that is absent.
        present: Those that are there.
        extras: The other entries.
        source: What returned it.

    Raises:
        TypeError: If it is no such mapping, or a loss is no floating-point tensor of one element.
        ValueError: If it holds no task, or one without a name.

    Example:
        >>> StepOutput({"task_losses": {"depth": torch.tensor(1.0)}, "predictions": 3}).extras
        {'predictions': 3}
    """

    def __init__(self, output: Any, source: str = "`training_step`") -> None:
        self.losses: dict[str, Tensor | None] = {}
        self.present: dict[str, Tensor] = {}
        self.extras: dict[str, Any] = {}
        self.source = source
        if output is not None:
            self._read(output, source)

    def _read(self, output: Any, source: str) -> None:
        if not isinstance(output, Mapping):
            raise TypeError(f"{source} must return its task losses, but returned a {type(output).__name__}. {HOW}")
        losses = output.get("task_losses", output)
        if not isinstance(losses, Mapping):
            raise TypeError(
                f"{source} must return a mapping of `task_losses`, but they are a {type(losses).__name__}. {HOW}"
            )
        if losses is output and "loss" in output:
            raise ValueError(
                f"{source} returned a 'loss', which is what the method makes of the task losses: leave it out, or "
                f"put a task of this name under 'task_losses'. {HOW}"
            )
        if not losses:
            raise ValueError(f"{source} returned no task at all: for a batch without any, return None. {HOW}")
        if losses is not output:
            self.extras = own_entries(output)
        for name, loss in losses.items():
            task = name if type(name) is str and name.strip() else check_name(name, HOW)
            self.losses[task] = loss
            if loss is not None:
                if not _is_scalar(loss):
                    check_loss(task, loss)
                self.present[task] = loss


def _is_scalar(loss: Any) -> bool:
    return isinstance(loss, Tensor) and loss.numel() == 1 and loss.dtype in FLOATS and loss.layout == torch.strided


def own_entries(output: Mapping[str, Any]) -> dict[str, Any]:
    """Select the entries of a step's output that are neither its losses nor what is made of them.

    Args:
        output: What the step returned.

    Returns:
        The entries beside ``task_losses`` and ``loss``.

    Example:
        >>> own_entries({"loss": 1.0, "predictions": 3})
        {'predictions': 3}
    """
    return {key: value for key, value in output.items() if key not in ("task_losses", "loss")}


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
        TypeError: If a loss has no value, being on ``meta`` where the losses are not.

    Example:
        >>> output = StepOutput({"b": torch.ones((), requires_grad=True)})
        >>> stack_losses(["a", "b"], output, torch.device("cpu"))
        tensor([nan, 1.], grad_fn=<StackBackward0>)
    """
    present = output.present
    if len(present) < len(tasks):
        present = dict.fromkeys(tasks, torch.full((), gap, dtype=torch.float32, device=device)) | present
    each = [present[task] for task in tasks]
    if any(loss.dim() or loss.device != device for loss in each):
        _refuse_without_numbers(present, device)
        each = [loss.reshape(()).to(device, non_blocking=True) for loss in each]
    losses = plain(torch.stack(each))
    return losses if losses.dtype in WIDE else losses.to(torch.float32)


def _refuse_without_numbers(losses: Mapping[str, Tensor], device: torch.device) -> None:
    for task, loss in losses.items():
        if loss.is_meta and device.type != "meta":
            raise TypeError(
                f"The loss of task '{task}' must have a value, but is on the device `meta`, where there are only "
                f"shapes. Compute it on {device}, where the module is."
            )


def average_over_ranks(losses: Tensor, reported: Tensor) -> tuple[Tensor, Tensor]:
    r"""Give the losses their mean value over the ranks, and keep the graph of this rank's.

    With :math:`L_r` the losses of rank :math:`r` and :math:`n` the number of the :math:`W` ranks that hold a task,
    the value is :math:`\bar L = \frac{1}{n} \sum_r L_r` and the gradient that of :math:`\frac{W}{n} L_r`, of which
    the average over the ranks that data-parallel training takes is the gradient of :math:`\bar L`. Every rank so
    finds the same weights, and they are those of one process on the joined batch. One collective, of ``3 M`` numbers.

    Args:
        losses: Task losses of this rank, shape ``[M]``; NaN for an absent task.
        reported: The same, detached, with a finite number for an absent task.

    Returns:
        Task losses, shape ``[M]``, NaN for a task that is absent on all ranks; and their values alone, the same on
        all ranks, with 0 for such a task, and NaN for one whose loss is not finite on some rank.

    Example:
        >>> average_over_ranks(torch.tensor([1.0, torch.nan]), torch.tensor([1.0, 0.0]))
        (tensor([1., nan]), tensor([1., 0.]))
    """
    if not is_distributed():
        return losses, reported
    absent = losses.detach().isnan()
    local = losses.masked_fill(absent, 0)
    joined = torch.stack([local.detach(), absent.logical_not().to(local.dtype), reported.isfinite().to(local.dtype)])
    dist.all_reduce(joined)
    mean = joined[0] / joined[1]
    scaled = local * (dist.get_world_size() / joined[1].clamp(min=1))
    whole = joined[2] == dist.get_world_size()
    found = mean.masked_fill(joined[1] == 0, 0).masked_fill(whole.logical_not(), torch.nan)
    return mean + (scaled - scaled.detach()), found


def touch_all_parameters(losses: Tensor, module: nn.Module) -> Tensor:
    """Let a rank without any task take part in the backward pass of the others, with gradients of 0.

    Args:
        losses: Task losses, shape ``[M]``, without a graph.
        module: The module that is trained.

    Returns:
        The same losses, with a graph that holds every parameter that is trained.

    Example:
        >>> layer = nn.Linear(1, 1)
        >>> touch_all_parameters(torch.zeros(2), layer).sum().backward()
        >>> layer.weight.grad
        tensor([[0.]])
    """
    sums = [parameter.sum() for parameter in module.parameters() if parameter.requires_grad]
    return losses + 0 * torch.stack(sums).sum()
