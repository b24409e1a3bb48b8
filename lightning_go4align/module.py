"""Multi-task optimization by inheritance."""

import inspect
from collections.abc import Sequence
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from lightning.pytorch.utilities.parsing import collect_init_args
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.update import LastStepMixin, MultiTaskCallback, Optimization, StepRecord, overridable_property
from lightning_go4align.update.bases import refuse_behind, refuse_shared_arguments
from lightning_go4align.update.compatibility import builds_from_config
from lightning_go4align.update.families import Family
from lightning_go4align.update.last_step import GivesWay
from lightning_go4align.update.picked import Pick


class MultiTaskMixin(GivesWay, LastStepMixin):
    """Give a LightningModule its own ``MultiTaskCallback``; stand before it among the bases.

    Args:
        method: How tasks are balanced: a TorchJD ``Scalarizer`` (such as ``RobustGO4Align``) or ``Aggregator``.
        optimization: ``"manual"`` or ``"automatic"``, as in ``MultiTaskCallback``.
        tasks: Names of all tasks, as in ``MultiTaskCallback``.
        losses: Picks the task losses where ``training_step`` returns something else, as in ``MultiTaskCallback``.
        logged: What loggers get, as in ``MultiTaskCallback``.
        prog_bar: What the progress bar shows, as in ``MultiTaskCallback``.
        **kwargs: Arguments of the module that stands behind.

    Raises:
        TypeError: If it stands behind the module among the bases, or the module has an argument of the same name.

    Example:
        >>> from lightning.pytorch.demos.boring_classes import BoringModel
        >>> from lightning_go4align import RobustGO4Align
        >>> class Balanced(MultiTaskMixin, BoringModel):
        ...     pass
        >>> type(Balanced(RobustGO4Align()).method).__name__
        'RobustGO4Align'
    """

    # TorchScript, which knows neither callbacks nor methods, passes over them. Lists, as Lightning's own are.
    __jit_ignored_attributes__: list[str] = ["multi_task_callback"]  # noqa: RUF012
    __jit_unused_properties__: list[str] = [*pl.LightningModule.__jit_unused_properties__]  # noqa: RUF012

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        refuse_behind(cls, MultiTaskMixin)

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        optimization: Optimization = "manual",
        tasks: Sequence[str] | None = None,
        losses: Pick | None = None,
        logged: Sequence[Family] | None = None,
        prog_bar: Sequence[str] = ("objective",),
        **kwargs: Any,
    ) -> None:
        given = {"tasks": tasks, "losses": losses, "logged": logged}
        given["optimization"] = None if optimization == "manual" else optimization
        given["prog_bar"] = None if prog_bar == ("objective",) else prog_bar
        refuse_shared_arguments(type(self), MultiTaskMixin, given)
        super().__init__(**kwargs)
        # Not through nn.Module: what would average, cast or broadcast the module must not reach the method.
        callback = MultiTaskCallback(method, optimization, tasks, losses, prog_bar, logged)
        object.__setattr__(self, "multi_task_callback", callback)

    multi_task_callback: MultiTaskCallback

    @overridable_property
    def method(self) -> Scalarizer | Aggregator:
        """How tasks are balanced."""
        return self.multi_task_callback.method

    @overridable_property
    def last_step(self) -> StepRecord | None:
        """What the last batch found about its tasks, on their device; None before the first."""
        return self.multi_task_callback.last_step

    @property
    def trainer(self) -> pl.Trainer:
        """The trainer; when one is set, the callback enters its list, whatever hooks the user overrides."""
        trainer: pl.Trainer = super().trainer  # type: ignore[misc]  # Lightning's property
        return trainer

    @trainer.setter
    def trainer(self, trainer: pl.Trainer | None) -> None:
        super(MultiTaskMixin, type(self)).trainer.fset(self, trainer)  # type: ignore[misc]  # as above
        run: object = getattr(trainer, "lightning_module", None)
        if trainer is not None and run is self:  # and not a part of the module that is run
            self.multi_task_callback.join(trainer, self)

    def save_hyperparameters(
        self,
        *args: Any,
        ignore: Sequence[str] | str | None = None,
        frame: FrameType | None = None,
        logger: bool = True,
    ) -> None:
        ignored = [ignore] if isinstance(ignore, str) else list(ignore or ())
        current = inspect.currentframe()
        frame = frame or (current.f_back if current else None)
        if not builds_from_config():  # Then a method is an object, which no checkpoint can hold.
            ignored += _names_of_methods(frame)
        kept = [arg for arg in args if not (isinstance(arg, str) and arg in ignored)]
        if kept or not args:  # Without arguments Lightning saves all.
            super().save_hyperparameters(*kept, ignore=ignored, frame=frame, logger=logger)  # type: ignore[misc]  # a mixin's


class MultiTaskModule(MultiTaskMixin, pl.LightningModule):
    """A LightningModule whose ``training_step`` returns one loss a task.

    The subclass writes ``training_step(batch, batch_idx)`` and returns a mapping of task names to scalar losses, or
    ``{"task_losses": {...}, ...}``; the rest is as in any LightningModule. For gradient-oriented methods it may name
    its shared parameters in ``shared_parameters()``, and for GradNorm and NTKMTL-SR its heads in ``task_heads()``.

    Args:
        method: How tasks are balanced: a TorchJD ``Scalarizer`` (such as ``RobustGO4Align``) or ``Aggregator``.
        optimization: ``"manual"`` or ``"automatic"``, as in ``MultiTaskCallback``.
        tasks: Names of all tasks, as in ``MultiTaskCallback``.
        losses: Picks the task losses where ``training_step`` returns something else, as in ``MultiTaskCallback``.
        logged: What loggers get, as in ``MultiTaskCallback``.
        prog_bar: What the progress bar shows, as in ``MultiTaskCallback``.

    Example:
        >>> import torch
        >>> from lightning_go4align import RobustGO4Align
        >>> class DepthAndNormals(MultiTaskModule):
        ...     def __init__(self, method: Scalarizer) -> None:
        ...         super().__init__(method)
        ...         self.trunk = torch.nn.Linear(4, 2)
        ...     def training_step(self, batch, batch_idx):
        ...         depth, normal = self.trunk(batch).square().mean(0)
        ...         return {"depth": depth, "normal": normal}
        ...     def configure_optimizers(self):
        ...         return torch.optim.Adam(self.parameters())
        >>> module = DepthAndNormals(RobustGO4Align())
    """

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        optimization: Optimization = "manual",
        tasks: Sequence[str] | None = None,
        losses: Pick | None = None,
        logged: Sequence[Family] | None = None,
        prog_bar: Sequence[str] = ("objective",),
    ) -> None:
        super().__init__(method, optimization, tasks, losses, logged, prog_bar)


def _names_of_methods(frame: FrameType | None) -> list[str]:
    """Names of the hyperparameters that are methods; the outermost of the constructors that run says which."""
    held: dict[str, Any] = {}
    for arguments in [] if frame is None else collect_init_args(frame, [], classes=(MultiTaskMixin,)):
        held |= arguments
    return [name for name, value in held.items() if isinstance(value, Scalarizer | Aggregator)]
