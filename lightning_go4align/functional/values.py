"""The values of losses without their graph: called eagerly, compiled, or under ``torch.func``."""

from collections.abc import Callable
from copy import deepcopy
from typing import TypeVar

import torch
from torch import Tensor, nn

# What torch.func's transforms wrap tensors in has no public name.
from torch._C import _DisableFuncTorch
from torch._C._functorch import get_unwrapped, is_functorch_wrapped_tensor, is_gradtrackingtensor

Method = TypeVar("Method", bound=nn.Module)
Result = TypeVar("Result")


def on_values(function: Callable[[Method, Tensor], Result], method: Method, losses: Tensor) -> Result:
    """Call a function of a method with the losses' values, which are constants to what is called.

    It may move the method's state, in one step as anywhere else, also under ``torch.compile`` and
    ``torch.func.grad``.
    Under ``torch.vmap`` a copy of the method takes that step: each row is weighed as the next step would be, and the
    state, which is of one run, stays as it is. Compiled, ``torch.vmap`` cannot be seen from within: there the state
    would leave it, as TorchJD's does.

    Args:
        function: Called with the method, or a copy of it, and the values.
        method: The method.
        losses: Task losses, any shape, with their graph.

    Returns:
        What the function returned.

    Example:
        >>> torch.vmap(lambda rows: on_values(lambda _, values: values + 1, nn.Identity(), rows))(torch.zeros(2))
        tensor([1., 1.])
    """
    values = losses.detach()
    if torch.compiler.is_compiling() or not is_functorch_wrapped_tensor(values):
        return function(method, values)
    while is_gradtrackingtensor(values):
        values = get_unwrapped(values)
    if not is_functorch_wrapped_tensor(values):
        with _DisableFuncTorch():
            return function(method, values)
    with _DisableFuncTorch():  # Parameters are learned and stay the method's own.
        copy = deepcopy(method, {id(parameter): parameter for parameter in method.parameters()})
    return function(copy, values)


def in_memory(values: Tensor) -> Tensor:
    """Take a tensor that is only marked, as the negative of another (``z.conj().imag``) or as zeros, as its numbers.

    Args:
        values: A tensor, any shape, with its graph.

    Returns:
        The same numbers with the same graph, which NumPy can read; the tensor itself if it is not marked.

    Example:
        >>> marked = torch.tensor([1 + 2j, 3 - 4j]).conj().imag
        >>> marked.is_neg(), in_memory(marked).numpy()
        (True, array([-2.,  4.], dtype=float32))
    """
    if torch.compiler.is_compiling() or not (values.is_neg() or values._is_zerotensor()):
        return values
    return values + 0


def is_readable(values: Tensor) -> bool:
    """Tell whether NumPy can read a tensor at once: in host memory, and neither traced nor under a transform.

    Args:
        values: A tensor without graph.

    Returns:
        True if it can.

    Example:
        >>> is_readable(torch.zeros(2)), is_readable(torch.zeros(2, device="meta"))
        (True, False)
    """
    return values.is_cpu and not is_traced(values) and type(values) is Tensor


def is_traced(values: Tensor) -> bool:
    """Tell whether a tensor stands for others: while compiling, or under a transform of ``torch.func``.

    Args:
        values: A tensor.

    Returns:
        True if it does.

    Example:
        >>> is_traced(torch.zeros(2))
        False
    """
    return torch.compiler.is_compiling() or is_functorch_wrapped_tensor(values)


def is_batched(values: Tensor) -> bool:
    """Tell whether a tensor stands for the rows of ``torch.vmap``.

    Args:
        values: A tensor without graph, as ``on_values`` hands it on.

    Returns:
        True if it does.

    Example:
        >>> torch.vmap(lambda row: row + is_batched(row))(torch.zeros(2))
        tensor([1., 1.])
    """
    return not torch.compiler.is_compiling() and is_functorch_wrapped_tensor(values)
