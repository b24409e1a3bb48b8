"""Training on one of two processes, and on one that sees both their batches."""

from collections.abc import Callable, Sequence
from typing import Any

import lightning.pytorch as pl
import torch
import torch.distributed as dist
from lightning.fabric.plugins.environments.lightning import LightningEnvironment
from lightning.pytorch.strategies import DDPStrategy
from torch import Tensor
from torch.utils.data import DataLoader, SequentialSampler, Subset
from toy import Toy, quiet_trainer, rows

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization

RANKS, BATCHES, SIZE = 2, 8, 4
MODES: tuple[Optimization, ...] = ("manual", "automatic")


class Environment(LightningEnvironment):
    """Processes that we start ourselves."""

    @property
    def creates_processes_externally(self) -> bool:
        return True


def sgd(module: Toy, rate: float = 1e-4) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), rate)


def one_per_head(module: Toy) -> list[torch.optim.Optimizer]:
    return [torch.optim.SGD(part.parameters(), 1e-4) for part in (module.trunk, *module.heads.values())]


def whole() -> DataLoader[Any]:
    return DataLoader(rows(BATCHES * SIZE * RANKS), batch_size=SIZE * RANKS)


def half() -> DataLoader[Any]:
    rank, data = dist.get_rank(), rows(BATCHES * SIZE * RANKS)
    mine = [i for i in range(len(data)) if i // SIZE % RANKS == rank]
    return DataLoader(Subset(data, mine), batch_size=SIZE, sampler=SequentialSampler(mine))


def train(
    module: Toy,
    method: Any,
    data: Any,
    optimization: Optimization = "manual",
    tasks: Sequence[str] | None = None,
    extra: Sequence[pl.Callback] = (),
    **options: Any,
) -> tuple[Tensor, MultiTaskCallback]:
    callback = MultiTaskCallback(method, optimization, tasks=tasks)
    trainer = quiet_trainer(callbacks=[callback, *extra], max_epochs=1, **options)
    trainer.fit(module, data)
    return parameters(module), callback


def parameters(module: Toy) -> Tensor:
    full = [p.full_tensor() if hasattr(p, "full_tensor") else p for p in module.parameters()]
    return torch.cat([parameter.detach().flatten() for parameter in full])


def toy(kind: Callable[..., Toy] = Toy, optimizer: Any = sgd) -> Toy:
    torch.manual_seed(0)
    return kind(optimizer)


def ranks(method: Any, module: Toy | None = None, optimization: Optimization = "manual", **options: Any) -> Any:
    strategy = DDPStrategy(cluster_environment=Environment(), **options.pop("ddp", {}))
    chosen: dict[str, Any] = {"strategy": strategy, "devices": RANKS, "use_distributed_sampler": False} | options
    return train(module or toy(), method, half(), optimization, **chosen)


def gap(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).abs().max() / expected.abs().max())


def gap_between_ranks(values: Tensor) -> float:
    others = [torch.empty_like(values) for _ in range(RANKS)]
    dist.all_gather(others, values.contiguous())
    return max(gap(other, values) for other in others)


def weights_gap(callback: MultiTaskCallback) -> float:
    assert callback.last_step is not None
    assert callback.last_step.weights is not None
    return gap_between_ranks(callback.last_step.weights)
