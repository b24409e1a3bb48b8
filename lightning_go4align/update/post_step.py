"""The losses of a batch after the optimizer's step, which some methods learn from."""

from collections.abc import Callable, Sequence

import lightning.pytorch as pl
import torch
from torch import Tensor

from lightning_go4align.functional.ranks import is_distributed
from lightning_go4align.update.side_effects import side_effect_free
from lightning_go4align.update.task_losses import StepOutput, average_over_ranks, stack_losses
from lightning_go4align.update.tasks import KnownTasks

WITHOUT_GRAPH = "does not require grad"  # torch, where a step calls for gradients under `no_grad`


def losses_again(
    read: Callable[[], StepOutput],
    trainer: pl.Trainer,
    module: pl.LightningModule,
    tasks: KnownTasks,
    moving: Sequence[Tensor],
) -> Tensor | None:
    """Compute the losses of a batch once more, and leave all else as it is.

    Without gradients, unless the step itself differentiates, as one that predicts forces does.

    Args:
        read: Runs the user's step on the batch.
        trainer: The trainer, whose precision it runs in.
        module: The module.
        tasks: The tasks.
        moving: The parameters that the step changes.

    Returns:
        Task losses, shape ``[M]``, the averages of all ranks; None if no task is present on any.
    """

    def look(read: Callable[[], StepOutput]) -> Tensor | None:
        with side_effect_free(module, moving):
            with trainer.precision_plugin.train_step_context():
                output = read()
            if not tasks.names or not (output.present or is_distributed()):
                return None
            tasks.select_again(output)
            losses = stack_losses(tasks.names, output, module.device).detach()
            return average_over_ranks(losses, losses)[0]

    try:
        return look(read)
    except RuntimeError as error:
        if WITHOUT_GRAPH not in str(error):
            raise
    return look(torch.enable_grad()(read))
