"""The steps in which the tasks become known, and what may come of it that they are those of the first one."""

from collections.abc import Callable

from lightning_go4align.methods.observation import UnusedRepresentationError
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


def raise_with_tasks(error: Exception, memory: Memory) -> None:
    """Raise an error of a first step anew with the tasks that the method was given, where others may be to come.

    Args:
        error: What the method, or what drives it, refused the losses with.
        memory: What is remembered of the method and its tasks.

    Raises:
        ValueError: If it was one, and more tasks might have mended it.
        MisconfigurationException: If it was one, likewise.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> raise_with_tasks(ValueError("Too few tasks."), Memory(GO4Align(2), ["depth"]))  # declared: nothing to add
    """
    if memory.driver.last_step is not None or memory.tasks.declared or isinstance(error, OF_OTHER_CAUSES):
        return
    kind = ValueError if isinstance(error, ValueError) else MisconfigurationException
    raise kind(
        f"{error} The tasks are those of the first step, {memory.tasks.names}: if others come later, declare all of "
        "them, `MultiTaskCallback(method, tasks=[...])`."
    ) from error
