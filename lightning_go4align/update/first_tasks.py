"""The steps in which the tasks become known, and what is said of an error that comes of them or of their losses."""

from collections.abc import Callable

from torch import Tensor

from lightning_go4align.methods.observation import UnusedRepresentationError
from lightning_go4align.update.domain import Domain
from lightning_go4align.update.hidden import HiddenParametersError
from lightning_go4align.update.made_of_others import warn_of_sums
from lightning_go4align.update.memory import Memory
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.together import Together

# What no other tasks would mend.
OF_OTHER_CAUSES = (HiddenParametersError, UnusedRepresentationError)


def first_output(read: Callable[[], StepOutput], memory: Memory) -> StepOutput:
    """Read the losses of a step before which tasks or random stream are not known: all ranks do so, or none.

    Args:
        read: Reads them, on this rank.
        memory: What is remembered of the method and its tasks, which learns of them.

    Returns:
        What the step returned.
    """
    with Together("in its first training step", memory.told_to_ranks([])) as ranks:
        output = read()
        warn_of_sums(output.present)
        ranks.mine = memory.told_to_ranks(output.losses)
    memory.begin_with(ranks.all)
    return output


def raise_anew(error: Exception, memory: Memory, losses: Tensor) -> None:
    """Raise an error of a step anew, with what may have brought it about.

    That is the first loss outside the method's domain; without one, in a first step, the tasks that the method was
    given, where others may be to come.

    Args:
        error: What the method, or what drives it, refused the losses with.
        memory: What is remembered of the method and its tasks.
        losses: Task losses, shape ``[M]``; NaN for an absent task.

    Raises:
        ValueError: If it was one, and a loss lies outside, or more tasks might have mended it.
        MisconfigurationException: If it was one, likewise.

    Example:
        >>> import torch
        >>> from lightning_go4align.methods import GO4Align
        >>> memory = Memory(GO4Align(2), ["depth"])  # declared: nothing to add
        >>> raise_anew(ValueError("Too few tasks."), memory, torch.ones(1))
    """
    if isinstance(error, OF_OTHER_CAUSES):
        return
    outside = Domain(memory.method).outside(memory.tasks.names, losses.tolist())
    if outside and isinstance(error, ValueError):
        raise ValueError(f"{error} {outside}") from error
    if memory.driver.last_step is not None or memory.tasks.declared:
        return
    kind = ValueError if isinstance(error, ValueError) else MisconfigurationException
    raise kind(
        f"{error} The tasks are those of the first step, {memory.tasks.names}: if others come later, declare all of "
        "them, `MultiTaskCallback(method, tasks=[...])`."
    ) from error
