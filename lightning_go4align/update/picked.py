"""Picking the task losses out of a step that returns something else."""

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import lightning.pytorch as pl
from torch import Tensor

from lightning_go4align.update.task_losses import StepOutput, own_entries

Pick = Callable[[pl.LightningModule, Any, Any], Mapping[str, Tensor | None] | None]
"""Picks the task losses: ``(module, what training_step returned, batch) -> {task: loss}``."""


def check_pick(losses: Any) -> None:
    """Check a callable that is to pick the task losses.

    Args:
        losses: The callable; None if the step itself returns them.

    Raises:
        TypeError: If it cannot be called with the module, what its step returned, and the batch.

    Example:
        >>> check_pick(lambda module, output, batch: module.parts)
    """
    if losses is None:
        return
    if not callable(losses):
        raise TypeError(
            f"`losses` must be a function of the module, what its `training_step` returned and the batch, but is a "
            f"{type(losses).__name__}. Write `lambda module, output, batch: {{'depth': ..., 'normal': ...}}`."
        )
    try:
        inspect.signature(losses).bind(None, None, None)
    except TypeError as error:
        raise TypeError(
            f"{_name(losses)} is called with the module, what its `training_step` returned and the batch, but takes "
            f"{inspect.signature(losses)}. Give it these three arguments."
        ) from error
    except ValueError:  # It is written in C and has no signature to look at.
        return


def read_output(pick: Pick | None, module: pl.LightningModule, returned: Any, batch: Any) -> StepOutput:
    """Read the task losses of a step, or pick them out of what it returned.

    Args:
        pick: Picks the losses; None if the step itself returns them.
        module: The module.
        returned: What its ``training_step`` returned; None skips the batch.
        batch: The batch.

    Returns:
        The losses. Entries of the step's own stay beside them, and its own loss as ``step_loss``.

    Example:
        >>> import torch
        >>> returned = {"loss": torch.tensor(3.0), "predictions": 7}
        >>> output = read_output(lambda *_: {"depth": torch.ones(())}, pl.LightningModule(), returned, None)
        >>> output.present, output.extras
        ({'depth': tensor(1.)}, {'predictions': 7, 'step_loss': tensor(3.)})
    """
    if pick is None or returned is None:
        return StepOutput(returned)
    output = StepOutput(pick(module, returned, batch), source=_name(pick))
    own = returned if isinstance(returned, Mapping) else {"loss": returned}
    extras = own_entries(own)
    if "loss" in own:
        loss = own["loss"]
        extras["step_loss"] = loss.detach() if isinstance(loss, Tensor) else loss
    output.extras = {**extras, **output.extras}
    return output


def _name(pick: Any) -> str:
    name = getattr(pick, "__qualname__", type(pick).__qualname__)
    return f"`losses` ({getattr(pick, '__module__', type(pick).__module__)}.{name})"
