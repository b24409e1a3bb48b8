"""Parameters that only a whole backward pass reaches, which the gradient of single losses cannot train."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn
from torch.autograd.function import BackwardCFunction
from torch.autograd.graph import GradientEdge, Node

from lightning_go4align.update.graph import nodes_of
from lightning_go4align.update.misconfiguration import MisconfigurationException

ADVICE = (
    "Checkpoint with `use_reentrant=False` (Hugging Face: `gradient_checkpointing_kwargs={'use_reentrant': False}`), "
    "or use a loss-oriented method."
)


class HiddenParametersError(MisconfigurationException):
    """Some parameters can only be trained by a whole backward pass."""


def refuse_hidden(losses: list[Tensor], module: nn.Module, visible: Iterable[nn.Parameter] | None = None) -> None:
    """Refuse a backward pass within the backward pass, as reentrant checkpointing has it.

    Such a function gives the parameters in it their gradients by itself; to ``torch.autograd.grad`` they do not
    exist. Looked for where the graph holds functions of the user's and parameters that no loss seems to depend on.

    Args:
        losses: Task losses, with their graph.
        module: The module that is trained.
        visible: The parameters that the losses are known to depend on; found anew without it.

    Raises:
        HiddenParametersError: If a parameter is trained in that way.

    Example:
        >>> layer = nn.Linear(2, 1)
        >>> refuse_hidden([layer(torch.ones(2)).sum()], layer)
    """
    losses = [loss for loss in losses if loss.requires_grad]
    edges = [GradientEdge(*edge) for edge in _edges_below_own_functions(losses)]
    trained = [parameter for parameter in module.parameters() if parameter.requires_grad]
    if not edges or not trained:
        return
    with explained():
        if visible is None:
            visible = _depended_on(losses, trained)
        if len({id(parameter) for parameter in visible}) == len(trained):
            return
        with _watching(trained) as reached:
            torch.autograd.grad(losses, edges, retain_graph=True, allow_unused=True)
    if reached:
        names = [name for name, parameter in module.named_parameters() if id(parameter) in reached]
        raise HiddenParametersError(_reason(f"gives {names} their gradients by itself"))


@contextmanager
def explained() -> Iterator[None]:
    """Say of torch's refusal of reentrant checkpointing what it means here.

    Yields:
        Nothing.

    Example:
        >>> with explained():
        ...     pass
    """
    try:
        yield
    except RuntimeError as error:
        if "use_reentrant" not in str(error):
            raise
        raise HiddenParametersError(_reason("allows no other")) from error


def _reason(what: str) -> str:
    return (
        "A gradient-oriented method takes the gradient of each loss alone, but the module checkpoints activations by "
        f"a backward pass within the backward pass, which {what}. {ADVICE}"
    )


def _depended_on(losses: list[Tensor], parameters: list[nn.Parameter]) -> list[nn.Parameter]:
    gradients = torch.autograd.grad(losses, parameters, retain_graph=True, allow_unused=True)
    return [parameter for parameter, gradient in zip(parameters, gradients, strict=True) if gradient is not None]


def _edges_below_own_functions(losses: list[Tensor]) -> Iterator[tuple[Node, int]]:
    """Find what the functions in the graph that are written in Python were given."""
    for node in list(nodes_of(losses)):
        if issubclass(type(node), BackwardCFunction):
            yield from ((below, index) for below, index in node.next_functions if below is not None)


@contextmanager
def _watching(parameters: list[nn.Parameter]) -> Iterator[set[int]]:
    """Note which parameters are given a gradient, and take it away again."""
    reached: set[int] = set()
    before = [parameter.grad for parameter in parameters]
    hooks = []
    for parameter in parameters:
        parameter.grad = None
        hooks.append(parameter.register_post_accumulate_grad_hook(lambda p: reached.add(id(p))))
    try:
        yield reached
    finally:
        for parameter, hook, gradient in zip(parameters, hooks, before, strict=True):
            hook.remove()
            parameter.grad = gradient
