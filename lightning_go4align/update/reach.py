"""Which optimizers a task's loss reaches."""

from collections.abc import Mapping, Sequence
from itertools import permutations

from torch import Tensor
from torch.optim import Optimizer, SparseAdam

from lightning_go4align.update.graph import nodes_of
from lightning_go4align.update.misconfiguration import MisconfigurationException


class Reach:
    """Refuse tasks that play against each other with optimizers of their own.

    All optimizers follow one objective. Where one loss reaches some of the optimizers that another one reaches, and
    those alone, as a discriminator's loss beside its generator's, the first are trained against what they are for.
    ``SparseAdam`` counts for nothing: what it holds are embeddings, which some tasks look up and others do not.

    Example:
        >>> import torch
        >>> maker, critic = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
        >>> optimizers = [torch.optim.SGD(part.parameters()) for part in (maker, critic)]
        >>> made = maker(torch.ones(1, 1))
        >>> losses = {"maker": critic(made).sum(), "critic": -critic(made.detach()).sum()}
        >>> Reach().check(losses, optimizers)
        Traceback (most recent call last):
        ...
        lightning_go4align.update.misconfiguration.MisconfigurationException: ...
    """

    def __init__(self) -> None:
        self._reached: dict[str, frozenset[int]] = {}
        self._trained: list[bool] = []

    def check(self, losses: Mapping[str, Tensor], optimizers: Sequence[Optimizer]) -> None:
        """Look at the tasks that appear for the first time.

        Args:
            losses: Those of the batch, by their tasks, with their graphs.
            optimizers: All of the module.

        Raises:
            MisconfigurationException: If a loss reaches only some of the optimizers that another one reaches.
        """
        if len(optimizers) < 2 or losses.keys() <= self._reached.keys():
            return
        owners: dict[int, set[int]] = {}  # Two optimizers may hold one parameter.
        for number, optimizer in enumerate(optimizers):
            if isinstance(optimizer, SparseAdam):
                continue
            for parameter in (parameter for group in optimizer.param_groups for parameter in group["params"]):
                owners.setdefault(id(parameter), set()).add(number)
        groups = [group["params"] for optimizer in optimizers for group in optimizer.param_groups]
        trained = [parameter.requires_grad for parameters in groups for parameter in parameters]
        if trained != self._trained:  # What was found before something froze or thawed does not compare.
            self._reached, self._trained = {}, trained
        self._reached |= {task: _reached(loss, owners, len(optimizers)) for task, loss in losses.items()}
        for part, whole in permutations(self._reached, 2):
            if self._reached[part] and self._reached[part] < self._reached[whole]:
                self._refuse(part, whole, optimizers)

    def _refuse(self, part: str, whole: str, optimizers: Sequence[Optimizer]) -> None:
        def named(task: str) -> str:
            numbers = ", ".join(f"{number} ({_kind(optimizers[number])})" for number in sorted(self._reached[task]))
            return f"'{task}' reaches the optimizers {numbers}"

        raise MisconfigurationException(
            f"The loss of task {named(part)}, that of task {named(whole)}. All optimizers follow one objective, so "
            f"what only '{part}' should train would also follow '{whole}', as a discriminator its generator's loss. "
            "If all should follow one objective, use one optimizer with several parameter groups; for adversarial "
            "training write manual optimization of your own, without `MultiTaskCallback`."
        )


def _kind(optimizer: Optimizer) -> str:
    return type(optimizer).__name__


def _reached(loss: Tensor, owners: Mapping[int, set[int]], number: int) -> frozenset[int]:
    """The numbers of the optimizers whose parameters stand in the graph of a loss, found without a backward pass."""
    nodes = list(nodes_of([loss]))
    if any("CheckpointFunction" in node.name() for node in nodes):  # Reentrant checkpoints hide what they hold.
        return frozenset(range(number))
    leaves = [getattr(node, "variable", None) for node in nodes]
    return frozenset().union(*(owners.get(id(leaf), ()) for leaf in leaves))
