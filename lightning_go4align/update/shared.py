"""Which parameters are shared between tasks."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
import torch.distributed as dist
from lightning_utilities.core.rank_zero import rank_zero_info
from torch import Tensor, nn

from lightning_go4align.functional.ranks import is_distributed
from lightning_go4align.update.hidden import explained, refuse_hidden
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.parts_of_one import PartsOfOne
from lightning_go4align.update.task_losses import StepOutput


class SharedParameters:
    """Divide a module's trained parameters into those that at least two tasks depend on, and the heads.

    The module's ``shared_parameters`` names the shared ones: a method, or the parameters, or a layer that holds them.
    Without it they are found from the losses' own graphs: each task's is looked at in the first batch that holds it,
    and again when parameters were frozen or thawed. What was found stays known. While all shared parameters are
    frozen there are heads only.

    Args:
        module: The module that is trained.

    Attributes:
        shared: The shared parameters that are trained, the same on every rank.
        heads: The others that are trained.

    Example:
        >>> module = nn.Module()
        >>> module.trunk, module.head = nn.Parameter(torch.ones(())), nn.Parameter(torch.ones(()))
        >>> parameters = SharedParameters(module)
        >>> parameters.look(StepOutput({"a": module.trunk * 2, "b": module.trunk * module.head}), ["a", "b"])
        >>> parameters.shared == [module.trunk], parameters.heads == [module.head]
        (True, True)
    """

    def __init__(self, module: nn.Module) -> None:
        self.shared: list[nn.Parameter] = []
        self.heads: list[nn.Parameter] = []
        self._module = module
        self._trained: list[bool] = []
        self._looked: list[bool] = [False]
        self._uses = torch.zeros(0, 0, dtype=torch.bool)
        self._is_named = False

    def look(self, output: StepOutput, tasks: list[str]) -> None:
        """Look at a step's losses, if there is anything new to see.

        Args:
            output: What the step returned.
            tasks: Names of the ``M`` tasks.

        Raises:
            MisconfigurationException: If no parameter is shared though none is frozen, or the backward pass hides
                some.
        """
        trained = [parameter.requires_grad for parameter in self._module.parameters()]
        if trained == self._trained and all(self._looked):
            return
        is_new = trained != self._trained
        if is_new:  # At first, and where parameters are frozen or thawed.
            self._looked = [False] * len(tasks)
        naming = _named(getattr(self._module, "shared_parameters", None))  # Any hook of the fit may have made it.
        was_named, self._is_named = self._is_named, naming is not None
        if len(trained) != len(self._trained) or len(tasks) != len(self._uses) or was_named != self._is_named:
            self._uses = torch.zeros(len(tasks), len(trained), dtype=torch.bool)
        self._trained = trained
        if naming is not None:
            refuse_hidden(list(output.present.values()), self._module)
            self._looked, named = [True], {id(parameter) for parameter in naming()}
            self._uses |= torch.tensor([id(parameter) in named for parameter in self._module.parameters()])
        else:
            self._find(output, tasks)
        self._divide()

    def _find(self, output: StepOutput, tasks: list[str]) -> None:
        """Look at the tasks that were not looked at, on all ranks together."""
        names, every = zip(*self._module.named_parameters(), strict=True)
        positions = [i for i, trained in enumerate(self._trained) if trained]
        news = {i: output.present.get(task) for i, task in enumerate(tasks) if not self._looked[i]}
        losses = {i: loss for i, loss in news.items() if loss is not None and loss.requires_grad and positions}
        parameters = [every[j] for j in positions]
        parts = PartsOfOne(losses.values())
        for i, loss in losses.items():
            with explained():
                gradients = torch.autograd.grad(loss, parameters, retain_graph=True, allow_unused=True)
            self._uses[i, positions] |= torch.tensor([gradient is not None for gradient in gradients])
            self._looked[i] = True
            parts.add(gradients)
        parts.warn([names[j] for j in positions])
        used = [every[j] for j in positions if self._uses[:, j].any()]
        if losses:
            refuse_hidden(list(output.present.values()), self._module, used)
        self._join(every[0].device)

    def _join(self, device: torch.device) -> None:
        if is_distributed():
            looked = torch.tensor(self._looked)[:, None]
            joined = torch.cat([looked, self._uses], 1).to(device, torch.uint8)
            dist.all_reduce(joined, dist.ReduceOp.MAX)
            of_any_rank = joined.bool().cpu()
            self._looked, self._uses = of_any_rank[:, 0].tolist(), of_any_rank[:, 1:]

    def _divide(self) -> None:
        """By the number of tasks that use a parameter; named ones are used by all."""
        needed = 1 if self._is_named else 2
        is_shared: Tensor = self._uses.sum(0) >= needed
        every = list(zip(self._module.parameters(), is_shared.tolist(), strict=True))
        self.shared = [parameter for parameter, shared in every if shared and parameter.requires_grad]
        self.heads = [parameter for parameter, shared in every if not shared and parameter.requires_grad]
        if self.shared or not all(self._looked):
            return
        if all(self._trained):
            raise MisconfigurationException(
                "A gradient-oriented method needs parameters that several tasks share, but no two task losses depend "
                "on the same one. Define `shared_parameters()` on the module, or use a loss-oriented method."
            )
        rank_zero_info(
            "All parameters that tasks share are frozen: until some thaw, the heads are trained by the sum of the "
            "losses, and the gradient-oriented method has nothing to do."
        )


def _named(shared: Any) -> Callable[[], Iterable[nn.Parameter]] | None:
    """What names the shared parameters, as a function: layers may be called as a module's method is."""
    if isinstance(shared, nn.Module):
        return shared.parameters
    return shared if shared is None or callable(shared) else lambda: shared
