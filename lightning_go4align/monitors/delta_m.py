"""Performance against single-task learning while a network trains."""

import weakref
from collections.abc import Collection, Mapping
from typing import Any

import torch
from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.trainer.states import TrainerFn
from typing_extensions import override

from lightning_go4align.functional.convergence import spread_of_epochs
from lightning_go4align.functional.relative import relative_changes
from lightning_go4align.likeness import meant, nearest_key
from lightning_go4align.metrics import ConvergenceDifference, DeltaM
from lightning_go4align.metrics.delta_m import check_baseline
from lightning_go4align.metrics.named import check_directions
from lightning_go4align.metrics.values import stack_named
from lightning_go4align.monitors.epochs import epochs_so_far
from lightning_go4align.monitors.one_fit import OneFit
from lightning_go4align.plain_text import few_of
from lightning_go4align.update.families import is_known
from lightning_go4align.update.lightning_logs import names_of_round
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.patches import AttributePatches

_HOOK = "on_validation_epoch_end"


class DeltaMMonitor(Callback):
    r"""Score each validation epoch against single-task networks, by metrics that the module logs already.

    Logs ``val/delta_m``, the paper's :math:`\Delta m\%`; ``val/delta/<metric>``, its parts, without the
    metric's own ``val/``; and ``val/convergence_difference``, the standard deviation over the metrics of the
    epochs in which they converge. ``ModelCheckpoint``, ``EarlyStopping`` and schedulers can monitor each,
    wherever this callback stands in the list. A second fit goes on where the same trainer fits the same module; for
    any other the epochs of convergence begin anew. Trainers whose fits alternate need a monitor each.

    Args:
        baseline: The single-task network's value of each metric, under the name by which the module logs it;
            finite and not 0.
        higher_is_better: Names of the metrics that are better when higher.

    Raises:
        TypeError: If an argument is of a wrong kind.
        ValueError: If a value cannot be compared with, or a name is of no metric.
        MisconfigurationException: If the module does not log a metric, or logs what this one logs, or two trainers
            share a monitor in turns.

    Example:
        >>> monitor = DeltaMMonitor({"val/miou": 38.3, "val/abs_err": 0.6754}, higher_is_better=["val/miou"])
        >>> trainer = Trainer(callbacks=[monitor], logger=False, accelerator="cpu", devices=1)
    """

    def __init__(self, baseline: Mapping[str, float], higher_is_better: Collection[str] | None = None) -> None:
        super().__init__()
        names = list(check_baseline(baseline))
        better = check_directions(higher_is_better or [], names, "higher_is_better")
        self.delta_m = DeltaM(baseline, better)
        self.convergence = ConvergenceDifference(names, better)
        self.convergence.persistent(True)
        self.epochs = torch.zeros(len(baseline), dtype=torch.float64)
        self._is_loaded, self._fit = False, OneFit(type(self).__name__)
        self._fitted: list[weakref.ref[LightningModule]] = []  # the last one at the end
        self._patches: dict[int, AttributePatches] = {}  # by trainer: one may validate within the fit of another

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage not in ("fit", "validate"):
            return
        if stage == "fit":
            self._fit.begin(trainer)
        # Lightning calls the module's hook after all callbacks', and no later hook may log: to see what a
        # module logs in `on_validation_epoch_end`, one has to stand in its place.
        follow = getattr(pl_module, _HOOK)

        def on_validation_epoch_end() -> None:
            follow()
            if pl_module.trainer is trainer:
                self._score(trainer, pl_module)

        self._patches[id(trainer)] = AttributePatches()
        self._patches[id(trainer)].set(pl_module, _HOOK, on_validation_epoch_end)

    @override
    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        before = [reference() for reference in self._fitted]
        returns = trainer.global_step > 0 and any(module is pl_module for module in before)
        if not self._is_loaded and returns and before[-1] is not pl_module:
            self._fit.refuse_return()
        if not (returns or self._is_loaded):
            self.convergence.reset()
            self.epochs = torch.zeros_like(self.epochs)
        others = [module for module in before if module not in (None, pl_module)]
        self._fitted = [weakref.ref(module) for module in (*others, pl_module)]

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if id(trainer) in self._patches:
            self._patches.pop(id(trainer)).undo()
            self._is_loaded = False

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.teardown(trainer, pl_module, "fit")

    def __getstate__(self) -> dict[str, Any]:
        # A copy, as in a process of its own, has fitted nothing.
        return {**vars(self), "_fitted": [], "_patches": {}}

    @override
    def __repr__(self) -> str:
        return (
            f"DeltaMMonitor(metrics={few_of(self.delta_m.names)}; {int(self.convergence.epoch)} validations scored)"
        )

    @override
    def state_dict(self) -> dict[str, Any]:
        return {**self.convergence.state_dict(), "converged": self.epochs}

    @override
    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self._is_loaded, self.epochs = True, state_dict["converged"]
        self.convergence.load_state_dict({name: state for name, state in state_dict.items() if name != "converged"})

    def _score(self, trainer: Trainer, module: LightningModule) -> None:
        if trainer.sanity_checking:
            return
        logged = trainer.callback_metrics
        missing = [name for name in self.delta_m.names if name not in logged]
        if missing:
            raise _not_logged(missing, [name for name in logged if not is_known(name)])
        values = {name: logged[name] for name in self.delta_m.names}
        stacked = stack_named(values, self.delta_m.names)
        changes = relative_changes(stacked, self.delta_m.baseline, self.delta_m.maximize).float()
        if trainer.state.fn == TrainerFn.FITTING:  # A validation of its own is no epoch of any training.
            self.convergence.update(values)
            now = self.convergence.epochs == self.convergence.epoch
            self.epochs = torch.where(now, epochs_so_far(trainer), self.epochs)
            self.epochs = self.epochs.masked_fill(self.convergence.epochs == 0, 0)
        scores = {
            f"val/delta/{name.removeprefix('val/')}": change for name, change in zip(values, changes, strict=True)
        }
        scores |= {"val/delta_m": changes.mean(), "val/convergence_difference": spread_of_epochs(self.epochs).float()}
        if twice := names_of_round(trainer) & scores.keys():
            raise _logged_twice(sorted(twice))
        for name, score in scores.items():
            is_shown = name == "val/delta_m"
            # The names say already which loader a metric is of; the scores are of all.
            module.log(name, score, prog_bar=is_shown, sync_dist=True, add_dataloader_idx=False)


def _not_logged(missing: list[str], logged: list[str]) -> MisconfigurationException:
    near = dict.fromkeys(one for name in missing for one in nearest_key(name, logged))
    hint = f"{meant([repr(one) for one in near])} " if near else ""
    return MisconfigurationException(
        f"`DeltaMMonitor` compares {few_of(missing)} of its `baseline`, but the module did not log that in "
        f"validation; logged are {few_of(sorted(logged))}. {hint}Correct the names in `baseline`, or log these "
        "metrics."
    )


def _logged_twice(names: list[str]) -> MisconfigurationException:
    return MisconfigurationException(
        f"`DeltaMMonitor` logs {few_of(names)}, which the module logs itself: Lightning would mix the two. "
        "Log it under another name in the module, or leave this callback out."
    )


def epochs_of_convergence(trainer: Trainer) -> torch.Tensor | None:
    """Tell what a ``DeltaMMonitor`` knows of the epochs in which the metrics converge.

    Args:
        trainer: Trainer that may have one.

    Returns:
        Epochs, shape ``[S]``, 0 for a metric without a value; None without a monitor.

    Example:
        >>> epochs_of_convergence(Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", devices=1))
    """
    callbacks = trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
    known = [callback.epochs for callback in callbacks if isinstance(callback, DeltaMMonitor)]
    return known[0] if known else None
