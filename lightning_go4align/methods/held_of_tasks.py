"""What TorchJD's aggregators hold of each task, found by their classes."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from torch import Tensor, nn
from torchjd.aggregation import (
    ConstantWeighting,
    CRMOGMWeighting,
    ExcessMTLWeighting,
    GradDrop,
    GradVacWeighting,
    MoDoWeighting,
    SDMGradWeighting,
)
from typing_extensions import override

from lightning_go4align.methods.lazy_buffers import persistent_buffers


@dataclass(frozen=True)
class Setting:
    """An attribute with an entry for each task that a call reads; one that sees some tasks, theirs.

    Args:
        name: Its name.

    Example:
        >>> import torch
        >>> Setting("leak").cut(torch.tensor([0.0, 0.5, 1.0]), torch.tensor([0, 2]))
        tensor([0., 1.])
    """

    name: str

    def cut(self, full: Tensor, rows: Tensor) -> Tensor:
        """Take the entries of some tasks.

        Args:
            full: Those of all ``M``, first dimension.
            rows: Numbers of the tasks.
        """
        return full.index_select(0, rows)

    def put_back(self, part: Any, full: Tensor | None, found: Tensor, rows: Tensor, number: int) -> Tensor | None:
        """Return the entries of all tasks after a call that saw some.

        Args:
            part: What holds them.
            full: Those of all before the call; None if the call began them.
            found: Those that the call left.
            rows: Numbers of the tasks that it saw.
            number: Number ``M`` of all.
        """
        return full


def _from_zero(part: Any, found: Tensor) -> float:
    return 0.0


def _from_mean(part: Any, found: Tensor) -> Tensor:
    initial: Tensor | None = vars(part)["_initial_weights"]  # Which it begins with, of all tasks.
    return found.mean() if initial is None else initial.to(found)


def _from_warm_up(part: Any, found: Tensor) -> Tensor:
    steps: int = part.n_warmup_steps
    return cast(Tensor, part.get_buffer("_warmup_w_sum")) / steps


def _refused(part: Any, found: Tensor) -> float:
    raise ValueError(
        f"{type(part).__name__} measures each task by its gradient in the first step, and so needs all of them there."
    )


@dataclass(frozen=True)
class Entries(Setting):
    """An attribute with an entry for each task that a call moves: those of the tasks that it did not see stay.

    Args:
        name: Its name.
        start: What a task has that was not there when the state began.
        dims: In how many dimensions the tasks stand, 1 or, of pairs, 2.
    """

    start: Callable[[Any, Tensor], Tensor | float] = _from_zero
    dims: int = 1

    @override
    def cut(self, full: Tensor, rows: Tensor) -> Tensor:
        taken = full.index_select(0, rows)
        return taken.index_select(1, rows) if self.dims == 2 else taken

    @override
    def put_back(self, part: Any, full: Tensor | None, found: Tensor, rows: Tensor, number: int) -> Tensor | None:
        if full is None:
            full = found.new_empty((number,) * self.dims + found.shape[self.dims :])
            full[...] = self.start(part, found)
        elif full.dim() == 1:  # TorchJD returns what it remembers: a record of the step before may hold it.
            full = full.clone()
        full[(rows[:, None], rows) if self.dims == 2 else rows] = found
        return full


@dataclass(frozen=True)
class Shares(Entries):
    """Weights that sum to 1: those that a call sees are brought to it, and keep their part of the whole."""

    @override
    def cut(self, full: Tensor, rows: Tensor) -> Tensor:
        taken = full.index_select(0, rows)
        total = taken.sum()
        return (taken / total).where(total > 0, 1 / len(rows))

    @override
    def put_back(self, part: Any, full: Tensor | None, found: Tensor, rows: Tensor, number: int) -> Tensor | None:
        whole = found.new_full((number,), 1 / number) if full is None else full.clone()
        whole[rows] = found * whole[rows].sum()
        return whole


@dataclass(frozen=True)
class WarmUpSums(Entries):
    """Sums over the steps of a warm-up, of which a mean is made: a step without a task counts as its mean so far."""

    @override
    def put_back(self, part: Any, full: Tensor | None, found: Tensor, rows: Tensor, number: int) -> Tensor | None:
        steps: int = vars(part)["_n_steps"]
        if full is not None and 1 < steps <= part.n_warmup_steps:
            full = full * (steps / (steps - 1))
        return super().put_back(part, full, found, rows, number)


# In the order in which they are put back: what one begins with may be told by those before it.
OF_TASKS: dict[type[nn.Module], tuple[Setting, ...]] = {
    ConstantWeighting: (Setting("weights"),),  # Also what a `pref_vector` becomes.
    GradDrop: (Setting("leak"),),
    SDMGradWeighting: (Setting("pref_vector"), Shares("_w")),
    MoDoWeighting: (Shares("_lambda"),),
    CRMOGMWeighting: (Setting("_initial_weights"), Entries("_lambda", _from_mean)),
    GradVacWeighting: (Entries("_phi_t", dims=2),),
    ExcessMTLWeighting: (
        Entries("_sq_grad_sum", _refused),
        WarmUpSums("_warmup_w_sum"),
        Entries("_initial_w", _from_warm_up),
        Shares("_weights"),
    ),
}


def held_of_tasks(part: nn.Module) -> tuple[Setting, ...]:
    """Find what a part of an aggregator holds of each task.

    Args:
        part: A part of it.

    Returns:
        Its attributes; none of what is not TorchJD's, which may know of absent tasks by itself.

    Raises:
        ValueError: If it is TorchJD's and has a memory that is not known here.

    Example:
        >>> from torchjd.aggregation import UPGradWeighting
        >>> held_of_tasks(UPGradWeighting()), [entry.name for entry in held_of_tasks(GradVacWeighting())]
        ((), ['_phi_t'])
    """
    held = next((held for kind, held in OF_TASKS.items() if isinstance(part, kind)), ())
    if type(part).__module__.partition(".")[0] != "torchjd":
        return held
    unknown = set(persistent_buffers(part)) - {entry.name for entry in held}
    missing = [entry.name for entry in held if not hasattr(part, entry.name)]
    if unknown or missing:
        raise ValueError(
            f"{type(part).__name__} remembers tasks by their place among those of a step, which moves where one is "
            "absent."
        )
    return held
