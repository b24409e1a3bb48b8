"""Running a training step once more, without side effects."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import lightning.pytorch as pl
import torch
from lightning.pytorch.utilities.seed import isolate_rng
from torch import Tensor, nn

from lightning_go4align.update.attributes import attributes_kept
from lightning_go4align.update.patches import AttributePatches


def versions(module: nn.Module) -> list[tuple[Tensor, int]]:
    """Note how often each parameter of a module was changed in place so far; for ``changed_since``.

    Args:
        module: The module.
    """
    return [(parameter, parameter._version) for parameter in module.parameters()]


def changed_since(before: Iterable[tuple[Tensor, int]]) -> list[Tensor]:
    """List the parameters that were changed since: a training step may move the teacher of its student.

    Args:
        before: What ``versions`` returned.

    Example:
        >>> module = nn.Linear(1, 1)
        >>> before = versions(module)
        >>> module.bias.detach().zero_()
        tensor([0.])
        >>> [tensor is module.bias for tensor in changed_since(before)]
        [True]
    """
    return [parameter for parameter, version in before if parameter._version != version]


@contextmanager
def side_effect_free(module: pl.LightningModule, moving: Iterable[Tensor] = ()) -> Iterator[None]:
    """Let a training step run without gradients and leave nothing behind.

    Buffers (BatchNorm's statistics), metrics, plain attributes of the module and its parts, and the random states of
    torch, NumPy, Python are restored, and what is logged by ``self.log`` is dropped. What the step does elsewhere
    (files, loggers that it calls itself, objects of other classes) is done twice; ``torch.is_grad_enabled()`` tells
    it which time it is.

    Args:
        module: The module whose step is run.
        moving: The parameters that its step changes; they are restored, too.

    Yields:
        Nothing.
    """
    device = module.device
    buffers = [(part, *named) for part in module.modules() for named in part.named_buffers(recurse=False)]
    kept = [(tensor, tensor.detach().clone()) for tensor in (*moving, *(buffer for _, _, buffer in buffers))]
    cuda = [device] if device.type == "cuda" else []
    with (
        torch.no_grad(),
        isolate_rng(include_cuda=False),
        torch.random.fork_rng(cuda),
        attributes_kept(module),
        AttributePatches() as patches,
    ):
        patches.set(module, "log", lambda *_, **__: None)
        patches.set(module, "log_dict", lambda *_, **__: None)
        try:
            yield
        finally:
            for tensor, before in kept:
                tensor.copy_(before)
            for part, name, buffer in buffers:
                if getattr(part, name, None) is not buffer:  # It was assigned, not changed in place.
                    setattr(part, name, buffer)
