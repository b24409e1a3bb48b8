"""The oracle: automatic optimization in plain Lightning, with each method's loop written out as in its paper."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import lightning.pytorch as pl
import torch
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer
from toy import Batch, Toy
from typing_extensions import override


class Island(Toy):
    """Has a layer that keeps float32 within autocast."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.matrix = nn.Parameter(torch.randn(8, 8) / 3)

    @override
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        x, y = batch
        features = self.trunk(x)
        with torch.autocast("cpu", enabled=False):
            wide = torch.promote_types(features.dtype, torch.float32)
            mixed = (features.to(wide) @ self.matrix.to(wide)).to(features.dtype)
        return {
            task: (head(mixed)[:, 0] - y * (i + 1) * 10**i).square().mean()
            for i, (task, head) in enumerate(self.heads.items())
        }


def stacked(losses: dict[str, Tensor]) -> Tensor:
    """As methods get them: in float32 or wider."""
    stack = torch.stack(list(losses.values()))
    return stack.to(torch.promote_types(stack.dtype, torch.float32))


class ByHand:
    """Mixed into a module of losses: weighs them itself and returns one loss.

    Args:
        method: What weighs; None for the sum that everybody writes first.
    """

    if TYPE_CHECKING:
        # Of the module that it is mixed into.
        trainer: pl.Trainer
        heads: nn.ModuleDict
        losses: Callable[[Batch], dict[str, Tensor]]
        named_parameters: Callable[[], Iterator[tuple[str, nn.Parameter]]]

    def __init__(self, method: Any = None, **options: Any) -> None:
        super().__init__(**options)
        self.method = [method]  # A list hides it from the module's buffers.

    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return sum(losses.values()) if self.method[0] is None else self.weigh(losses, batch)

    def weigh(self, losses: dict[str, Tensor], batch: Batch) -> Any:
        return self.method[0](stacked(losses))

    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        scaler = getattr(self.trainer.precision_plugin, "scaler", None)
        before = None if scaler is None else scaler.get_scale()
        super().optimizer_step(*args, **kwargs)  # type: ignore[misc]  # Of the module that it is mixed into.
        if scaler is None or scaler.get_scale() >= before:  # Else the scaler has left the step out.
            self.after_step()

    def after_step(self) -> None: ...


class Uncertain(ByHand):
    """UW: the log-variances learn along, by an Adam of their own, from gradients that are not scaled."""

    def __init__(self, method: Scalarizer, **options: Any) -> None:
        super().__init__(method, **options)
        self.adam = torch.optim.Adam(method.parameters(), 0.025)
        self.gradient: Any = 0

    @override
    def weigh(self, losses: dict[str, Tensor], batch: Batch) -> Any:
        objective = super().weigh(losses, batch)
        gradients = torch.autograd.grad(objective, list(self.method[0].parameters()), retain_graph=True)
        self.gradient = self.gradient + gradients[0] / self.trainer.accumulate_grad_batches
        return objective

    @override
    def optimizer_step(self, *args: Any, **kwargs: Any) -> None:
        super().optimizer_step(*args, **kwargs)
        self.gradient = 0

    @override
    def after_step(self) -> None:
        [parameter] = self.method[0].parameters()
        parameter.grad = self.gradient
        self.adam.step()


class Amortized(ByHand):
    """FAMO: the batch's losses once more after the step."""

    @override
    def weigh(self, losses: dict[str, Tensor], batch: Batch) -> Any:
        self.batch = batch
        return super().weigh(losses, batch)

    @override
    def after_step(self) -> None:
        with torch.no_grad(), self.trainer.precision_plugin.train_step_context():
            self.method[0].update(stacked(self.losses(self.batch)))


class Projected(ByHand):
    """UPGrad: row after row of the Jacobian, aggregated in float32 or wider; heads follow the sum."""

    @override
    def weigh(self, losses: dict[str, Tensor], batch: Batch) -> Tensor:
        self.rows = stacked(losses)
        return self.rows.sum()

    def backward(self, _: Tensor) -> None:
        heads = list(self.heads.parameters())
        shared = [parameter for name, parameter in self.named_parameters() if not name.startswith("heads")]
        rows = self.rows / self.trainer.accumulate_grad_batches
        jacobian = [torch.autograd.grad(row, shared, retain_graph=True) for row in rows]
        wide = torch.promote_types(shared[0].dtype, torch.float32)
        matrix = torch.stack([torch.cat([part.flatten().to(wide) for part in row]) for row in jacobian])
        parts = self.method[0](matrix).split([parameter.numel() for parameter in shared])
        gradients = [*parts, *torch.autograd.grad(rows.sum(), heads)]
        for parameter, gradient in zip([*shared, *heads], gradients, strict=True):
            gradient = gradient.reshape(parameter.shape).to(parameter.dtype)
            parameter.grad = gradient if parameter.grad is None else parameter.grad + gradient


def module_by_hand(kind: type[ByHand], base: type[Toy], method: Any, **options: Any) -> Any:
    return type(kind.__name__, (kind, base), {})(method, **options)


def fp16_scaler(init_scale: float = 2.0**15) -> MixedPrecision:
    """Half precision on the CPU; gradients of the toy's largest loss overflow under this scale."""
    return MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu", init_scale=init_scale, growth_interval=2))
