"""Which parameters are shared between tasks."""

import torch
import torch.distributed as dist
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import nn

from lightning_go4align.update.task_losses import StepOutput, is_distributed


def find_shared_parameters(output: StepOutput, parameters: list[nn.Parameter]) -> list[nn.Parameter]:
    """Find the parameters that at least two task losses depend on, from the losses' own graphs.

    Args:
        output: What the first training step returned.
        parameters: The parameters to look among.

    Returns:
        The shared ones, the same on every rank.

    Raises:
        MisconfigurationException: If there is none.

    Example:
        >>> trunk, head = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
        >>> losses = StepOutput({"a": trunk * 2, "b": trunk * head})
        >>> find_shared_parameters(losses, [trunk, head]) == [trunk]
        True
    """
    losses = [loss for loss in output.present.values() if loss.requires_grad]
    uses = torch.zeros(len(parameters), dtype=torch.int64, device=parameters[0].device)
    for loss in losses:
        gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
        uses += torch.tensor([gradient is not None for gradient in gradients], device=uses.device)
    if is_distributed():
        dist.all_reduce(uses, dist.ReduceOp.MAX)
    shared = [parameter for parameter, number in zip(parameters, uses.tolist(), strict=True) if number > 1]
    if not shared:
        raise MisconfigurationException(
            "A gradient-oriented method needs parameters that several tasks share, but no two task losses depend on "
            "the same one. Define `shared_parameters()` on the module, or use a loss-oriented method."
        )
    return shared
