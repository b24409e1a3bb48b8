"""What the shared network hands to the heads of the tasks, seen as it is handed over."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from lightning_go4align.methods.observation import observes_representation
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.task_losses import StepOutput

Heads = nn.Module | Iterable[nn.Module]
Named = Heads | Callable[[], Heads]
Step = Callable[..., Any]


class HeadInput:
    """Take the shared representation of a step from the heads, where the module's ``task_heads`` names them.

    That is a method that returns a module or several, or holds them itself, as a ``ModuleDict`` of this name does.

    Nothing is watched for methods that do not want it.

    Args:
        module: The module that is trained.
        method: How tasks are balanced.

    Example:
        >>> from lightning_go4align.methods import NTKMTLSR
        >>> module = nn.Sequential(nn.Linear(2, 3), nn.Linear(3, 1))
        >>> module.task_heads = lambda: module[1]
        >>> heads = HeadInput(module, NTKMTLSR())
        >>> loss = heads.seen_by(module)(torch.ones(4, 2)).sum()
        >>> heads.take(StepOutput({"depth": loss}), loss).shape
        torch.Size([4, 3])
    """

    def __init__(self, module: nn.Module, method: nn.Module) -> None:
        self._module = module
        self._is_wanted = observes_representation(method)
        self._seen: list[Tensor] = []

    def seen_by(self, step: Step) -> Step:
        """Give a step that watches the heads while it runs; the step itself, if there is nothing to watch."""
        named: Named | None = getattr(self._module, "task_heads", None) if self._is_wanted else None
        if named is None:
            return step

        def watched(*args: Any, **kwargs: Any) -> Any:
            self._seen.clear()
            handles = [head.register_forward_pre_hook(self._see, with_kwargs=True) for head in _each(named)]
            try:
                return step(*args, **kwargs)
            finally:
                for handle in handles:
                    handle.remove()

        return watched

    def _see(self, head: nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        given = next((value for value in (*args, *kwargs.values()) if isinstance(value, Tensor)), None)
        if given is None or not (torch.is_grad_enabled() and given.requires_grad):
            return
        if not any(given is one for one in self._seen):
            self._seen.append(given)

    def take(self, output: StepOutput, losses: Tensor) -> Tensor | None:
        """Let go of what the heads were given in the step.

        Args:
            output: What the step returned; a representation in it comes first.
            losses: Task losses.

        Returns:
            The representation, shape ``[B, ...]``; empty on a rank without any task, for which others wait; None if
            there is none.

        Raises:
            MisconfigurationException: If the heads were given different tensors, and the step returned none.
        """
        seen, self._seen = self._seen, []
        returned: Tensor | None = output.extras.get("representation")
        if returned is not None:
            return returned
        if len(seen) > 1:
            shapes = ", ".join(str(list(one.shape)) for one in seen)
            raise MisconfigurationException(
                "The method weighs tasks by their gradients in one shared representation, but the heads that "
                f"`task_heads()` names were given {len(seen)} tensors, of shapes {shapes}. Give all heads the same "
                "tensor in one call each, or return what they share beside the losses: "
                "{'task_losses': {...}, 'representation': features}."
            )
        if not seen and not output.present:
            return losses.new_zeros(0, 1, requires_grad=True)
        return seen[0] if seen else None


def _each(named: Named) -> list[nn.Module]:
    """The modules that are called: those of a container that is not called itself."""
    heads = named() if callable(named) and not isinstance(named, nn.Module) else named
    if isinstance(heads, nn.ModuleDict):
        return list(heads.values())
    if isinstance(heads, nn.Module) and not isinstance(heads, nn.ModuleList):
        return [heads]
    return list(heads)
