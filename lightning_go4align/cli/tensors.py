"""Tensors in a configuration: weights, preferences and bounds of TorchJD's methods are lists of numbers there."""

import torch
from jsonargparse.typing import register_type
from torch import Tensor


def read_tensors() -> None:
    """Let arguments that are annotated with a tensor be given as a number, or as lists of them.

    Example:
        >>> from jsonargparse import ArgumentParser
        >>> read_tensors()
        >>> parser = ArgumentParser()
        >>> _ = parser.add_argument("--weights", type=Tensor)
        >>> parser.parse_args(["--weights=[1, 2]"]).weights
        tensor([1., 2.])
    """
    register_type(Tensor, serializer=Tensor.tolist, deserializer=_tensor, type_check=_is_tensor)


def _tensor(value: object) -> Tensor:
    # Also of integers: `[1, 1]` are weights, and a norm of integers is refused.
    return torch.tensor(value, dtype=torch.get_default_dtype())


def _is_tensor(value: object, kind: type) -> bool:
    return isinstance(value, kind)
