"""Faster execution of a benchmark's network with the same function: memory format and compilation."""

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from torch import nn
from typing_extensions import override


class ChannelsLastCallback(Callback):
    """Keep the network's convolutions in channels-last order, which tensor cores and mixed precision prefer.

    Example:
        >>> trainer = Trainer(callbacks=[ChannelsLastCallback()], logger=False, accelerator="cpu", devices=1)
    """

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        network_of(pl_module).to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stub


class CompileCallback(Callback):
    """Compile the network with ``torch.compile``, in place: names in checkpoints stay as they are.

    Args:
        backend: As in ``torch.compile``; the default one needs a C++ compiler.

    Example:
        >>> trainer = Trainer(callbacks=[CompileCallback()], logger=False, accelerator="cpu", devices=1)
    """

    def __init__(self, backend: str = "inductor") -> None:
        self.backend = backend

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        network_of(pl_module).compile(backend=self.backend)


def network_of(module: LightningModule) -> nn.Module:
    """Return the module's network, which the paper's benchmarks keep under this name.

    Example:
        >>> module = LightningModule()
        >>> module.network = nn.Linear(1, 1)
        >>> network_of(module)
        Linear(in_features=1, out_features=1, bias=True)
    """
    network = getattr(module, "network", None)
    if not isinstance(network, nn.Module):
        raise TypeError(
            f"The callback works on the attribute `network` of a benchmark's module, but {type(module).__name__} has "
            "none. Remove it from `trainer.callbacks`."
        )
    return network
