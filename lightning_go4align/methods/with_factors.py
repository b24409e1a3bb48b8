"""The user's own coefficients and warm-ups, kept beside a method that balances."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import torch
from torch import Tensor
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align.functional.arguments import as_integer, non_negative
from lightning_go4align.functional.losses import check_losses
from lightning_go4align.functional.precision import widest
from lightning_go4align.functional.values import on_values
from lightning_go4align.methods.around import AroundScalarizer

Factor = float | Callable[[int], float]
# Names or numbers. A mapping is invariant in its keys: a `dict[str, float]` is no `Mapping[str | int, float]`.
Factors = Mapping[Any, Factor] | Sequence[Factor]


class WithFactors(AroundScalarizer):
    r"""Multiply the weights that a method finds by factors of the user's: coefficients, or a warm-up as of a KL term.

    With :math:`w` the weights of the method and :math:`f_t` the factors at step :math:`t`, the gradient is

    .. math:: \sum_m f_t^m \, w^m \, \nabla L^m

    A coefficient within a loss, ``0.1 * loss``, is undone by every method that divides by the loss (GO4Align, SI, UW,
    FAMO): there it makes the weight ten times larger. Here it stands behind the method, which sees the losses as they
    are; the weights that are logged are the final ones. The value of the objective stays the method's.

    Args:
        method: The scalarizer.
        factors: For a task, by name or by number from 0: a number of at least 0, or a function from the step,
            counted from 0, to one, such as ``LinearWarmup(1000)``. A task that is not named has 1. A step is one of
            the optimizer under ``MultiTaskCallback``, as is ``global_step``, also where it accumulates batches; in a
            loop of one's own it is a call of the method.

    Attributes:
        steps: How many steps have begun, counted where a factor is a function; saved with the method.
        counts_calls: Whether a call is a step: not within a fit.

    Raises:
        TypeError: If ``method`` is no scalarizer, or a factor is neither a number nor a function, or a
            task neither a name nor a number.
        ValueError: If a factor is negative, or there is no such task.

    Example:
        >>> from torchjd.scalarization import Sum
        >>> losses = torch.tensor([2.0, 4.0], requires_grad=True)
        >>> WithFactors(Sum(), {1: 0.5})(losses).backward()
        >>> losses.grad
        tensor([1.0000, 0.5000])
    """

    for_aggregators: str = (
        "It has no weights of losses to multiply: multiply the loss itself by its factor, or give the method a "
        "preference, where it takes one, `UPGrad(pref_vector=torch.tensor([...]))`. Methods without units undo both."
    )

    def __init__(self, method: Scalarizer, factors: Factors) -> None:
        super().__init__(method)
        if not isinstance(factors, Mapping):
            factors = dict(enumerate(factors))
        named = {_as_task(task): factor for task, factor in factors.items()}
        self.factors = {task: _checked(task, factor) for task, factor in named.items()}
        self.names: list[str] | None = None
        self.steps = 0
        self.counts_calls = True
        self.numbers: Tensor | None = None
        self.filled: list[Factor] = []
        self.last_factors: Tensor | None = None

    @property
    def task_weights(self) -> Tensor | None:
        """The last weights, the factors included, shape ``[M]``; None if the method does not tell its own."""
        weights: Tensor | None = getattr(self.method, "task_weights", None)
        return None if weights is None or self.last_factors is None else weights * self.last_factors.to(weights)

    def name_tasks(self, names: Sequence[str]) -> None:
        self.names, self.numbers = list(names), None
        self._indices(len(names))

    def begin_batch(self, first: bool) -> None:
        self.counts_calls = False
        self.steps += first and self._moves

    def end_fit(self) -> None:
        self.counts_calls = True

    @override
    def forward(self, losses: Tensor, /) -> Tensor:
        losses = check_losses(losses)
        dtype = torch.promote_types(losses.dtype, torch.float32)  # 1e-8 is 0 in float16, and 1e8 infinite.
        factors = on_values(WithFactors._take_step, self, losses).clamp(max=torch.finfo(dtype).max).to(dtype)
        values = losses.detach()
        # The method sees the values as they are; what flows back to them is multiplied.
        multiplied = factors.reshape(losses.shape) * (losses - values).to(dtype)
        objective: Tensor = self.method(values + multiplied.to(losses.dtype))
        return objective

    def _take_step(self, losses: Tensor) -> Tensor:
        factors = self._numbers(losses)
        if self._moves:
            self.steps += self.counts_calls
            factors = self._moved(factors.clone())
        self.last_factors = factors
        return factors

    @property
    def _moves(self) -> bool:
        """Whether a factor is a function. Else no step is counted: compiled, each number would be another graph."""
        return any(map(callable, self.factors.values()))

    def _numbers(self, losses: Tensor) -> Tensor:
        """The factors that are numbers, shape ``[M]``, made once; 1 in the places of others."""
        known, given = self.numbers, list(self.factors.values())
        if known is not None and (known.numel(), known.device, self.filled) == (losses.numel(), losses.device, given):
            return known
        made = torch.ones(losses.numel(), dtype=widest(losses.device), device=losses.device)
        for index, factor in zip(self._indices(len(made)), given, strict=True):
            if not callable(factor):  # Filled in, and no tensor of numbers: that would be a copy to the device.
                made[index].fill_(factor)
        self.numbers, self.filled = made, given
        return made

    def _moved(self, factors: Tensor) -> Tensor:
        for index, (task, factor) in zip(self._indices(len(factors)), self.factors.items(), strict=True):
            if callable(factor):
                factors[index].fill_(_checked(task, factor(self.steps - 1)))
        return factors

    def _indices(self, num_tasks: int) -> list[int]:
        """The numbers of the tasks that have a factor."""
        places = {name: place for place, name in enumerate(self.names or ())}
        return [self._index(task, places, num_tasks) for task in self.factors]

    def _index(self, task: str | int, places: Mapping[str, int], num_tasks: int) -> int:
        if isinstance(task, str):
            if self.names is None:
                raise ValueError(
                    f"Which loss is '{task}'? Name the tasks by `name_tasks`, or give `factors` by their numbers."
                )
            if task not in places:
                raise ValueError(f"`factors` names '{task}', but the tasks are {self.names}. Name one of them.")
            return places[task]
        if not 0 <= task < num_tasks:
            raise ValueError(f"`factors` must name tasks of [0, {num_tasks - 1}], but names {task}. Change it.")
        return task

    @override
    def reset(self) -> None:
        """Start the factors anew, and let the method forget what it has learned and seen."""
        super().reset()
        self.steps, self.counts_calls, self.numbers, self.last_factors = 0, True, None, None

    @override
    def _apply(self, fn: Any, recurse: bool = True) -> Self:
        self.numbers = None  # They are made anew where the method goes, in their own width.
        super()._apply(fn, recurse)  # type: ignore[no-untyped-call]  # torch's
        return self

    @override
    def get_extra_state(self) -> Tensor:
        return torch.tensor(self.steps)

    @override
    def set_extra_state(self, state: Any) -> None:
        self.steps = int(state)

    @override
    def __repr__(self) -> str:
        return f"WithFactors({self.method!r}, factors={self.factors!r})"


def _as_task(task: Any) -> str | int:
    return str(task) if isinstance(task, str) else as_integer("task", task)


def _checked(task: str | int, factor: Any) -> Any:
    return factor if callable(factor) else non_negative(f"factors[{task!r}]", factor)
