"""The toy problem of the tests: three tasks on one trunk, of losses a factor of ten apart."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import lightning.pytorch as pl
import torch
from hook_trace import Trace
from torch import Tensor, nn
from torch.utils.data import DataLoader, IterableDataset, TensorDataset
from torchjd.scalarization import Scalarizer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, MultiTaskMixin, StepRecord
from lightning_go4align.update.given_method import Optimization

TASKS = ("a", "b", "c")
Batch = tuple[Tensor, Tensor]


class Toy(pl.LightningModule):
    """Returns its losses, as a user's module would.

    Args:
        optimizer: Makes the optimizer, or all that ``configure_optimizers`` may return.
        normalized: Whether the trunk holds a BatchNorm.
        skipped: Every how many batches one is skipped; never if 0.
    """

    def __init__(
        self, optimizer: Callable[[Any], Any] | None = None, normalized: bool = False, skipped: int = 0
    ) -> None:
        super().__init__()
        norm = [nn.BatchNorm1d(8)] if normalized else []
        self.trunk = nn.Sequential(nn.Linear(4, 8), *norm, nn.Tanh())
        self.heads = nn.ModuleDict({task: nn.Linear(8, 1) for task in TASKS})
        self.optimizer = optimizer or (lambda module: torch.optim.Adam(module.parameters(), 1e-2))
        self.skipped = skipped

    def losses(self, batch: Batch) -> dict[str, Tensor]:
        x, y = batch
        features = self.trunk(x)
        return {
            task: (head(features)[:, 0] - y * (i + 1) * 10**i).square().mean()
            for i, (task, head) in enumerate(self.heads.items())
        }

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        if self.skipped and batch_idx % self.skipped == 1:
            return None
        return self.losses(batch)

    @override
    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        if not self.trainer.barebones:
            self.log("val/total", sum(self.losses(batch).values()))

    @override
    def configure_optimizers(self) -> Any:
        return self.optimizer(self)


class Reference(Toy):
    """Automatic optimization written by hand: the module weighs its losses itself, once in each batch."""

    def __init__(self, method: Scalarizer, **options: Any) -> None:
        super().__init__(**options)
        self.method = [method]  # A list hides it from the module's buffers.
        self.weights: Tensor | None = None

    @override
    def on_train_batch_start(self, batch: Batch, batch_idx: int) -> None:
        self.weights = None

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        losses = super().training_step(batch, batch_idx)
        if losses is None:
            return None
        stacked = torch.stack(list(losses.values()))
        if self.weights is not None:
            return torch.dot(stacked, self.weights.to(stacked))
        objective = self.method[0](stacked)
        self.weights = getattr(self.method[0], "task_weights", None)
        return objective


class BalancedToy(MultiTaskMixin, Toy):
    """The toy by inheritance, from a user who forgets ``super()``."""

    @override
    def setup(self, stage: str) -> None: ...

    @override
    def configure_callbacks(self) -> list[pl.Callback]:
        return []

    @override
    def on_fit_start(self) -> None: ...


class Rows(IterableDataset[Any]):
    """Rows without a length."""

    def __init__(self, dataset: TensorDataset) -> None:
        self.dataset = dataset

    def __iter__(self) -> Iterator[Any]:
        return iter(self.dataset)


def rows(number: int = 36) -> TensorDataset:
    x = torch.randn(number, 4, generator=torch.Generator().manual_seed(0))
    return TensorDataset(x, x.sum(1))


def loader(number: int = 36, iterable: bool = False) -> DataLoader[Any]:
    """Five batches, the last of them smaller."""
    return DataLoader(Rows(rows(number)) if iterable else rows(number), batch_size=8)


def quiet_trainer(**options: Any) -> pl.Trainer:
    quiet = {
        "max_epochs": 2,
        "logger": False,
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
        "accelerator": "cpu",
    }
    return pl.Trainer(**{**quiet, **options})


class Outcome(NamedTuple):
    """What is equal when two runs are."""

    parameters: dict[str, Tensor]
    rates: list[list[float]]
    hooks: list[tuple[str, int]]
    steps: tuple[int, int]


def outcome(module: Toy, *callbacks: pl.Callback, iterable: bool = False, **options: Any) -> Outcome:
    trace = Trace()
    trainer = quiet_trainer(**{**options, "callbacks": [*callbacks, *options.get("callbacks", []), trace]})
    trainer.fit(module, loader(iterable=iterable), loader(16))
    return Outcome(
        {name: value.detach().clone() for name, value in module.state_dict().items()},
        trace.rates,
        trace.hooks,
        (trainer.global_step, trainer.fit_loop.epoch_loop._batches_that_stepped),
    )


def fitted(
    method: Any, module: Toy | None = None, optimization: Optimization = "manual", **options: Any
) -> MultiTaskCallback:
    """Train a toy with a method, and return the callback."""
    torch.manual_seed(0)
    callback = MultiTaskCallback(method, optimization)
    options = {**options, "callbacks": [callback, *options.get("callbacks", [])]}
    quiet_trainer(**options).fit(module or Toy(), loader())
    return callback


def last(callback: MultiTaskCallback) -> StepRecord:
    """What the last step was, after one that there was."""
    assert callback.last_step is not None
    return callback.last_step


def weights_of(callback: MultiTaskCallback) -> Tensor:
    """The weights of the last step, of a method that has some."""
    weights = last(callback).weights
    assert weights is not None
    return weights
