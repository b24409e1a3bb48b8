"""Sampled steps and exact counts of a run, in memory that does not grow."""

import math
from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.relative import convergence_epochs
from lightning_go4align.history import History
from lightning_go4align.monitors.counting import count_pairs, members, rand_indices_between
from lightning_go4align.monitors.samples import Samples, Steps


class Recorder:
    """Add steps to a history and keep it bounded.

    Samples are thinned, and windows merged, whenever they are full. Counts of pairs and moves are taken of every
    step, sampled or not: consecutive steps agree more than distant ones, so samples would say too little of
    stability.

    Args:
        history: What was recorded before; ``History.empty(tasks)`` for a new run.
        capacity: The largest number of sampled steps, at least 2.
        num_windows: The largest number of windows, at least 2 and even.

    Example:
        >>> recorder = Recorder(History.empty(["depth", "normal"]), capacity=4)
        >>> groups = torch.tensor([[0, 1]] * 6)
        >>> zeros = torch.zeros(6, 2)
        >>> recorder.extend(groups, zeros, zeros, zeros).shape
        (5, 6)
        >>> recorder.history.steps.tolist(), recorder.history.together.diagonal().tolist()
        ([0, 2, 4], [6, 6])
    """

    def __init__(self, history: History, capacity: int = 4096, num_windows: int = 256) -> None:
        kept = Steps(history.steps, history.groups, history.weights, history.indicators, history.losses)
        self._told, self._samples = history, Samples(kept, capacity)
        self._together, self._present = history.together.copy(), history.present.copy()
        self._task_moves, self._last = history.task_moves.copy(), history.last
        self._windows = np.zeros((max(num_windows, len(history.windows)), 6))
        self._windows[: len(history.windows)] = history.windows
        self._window, self._total = history.window, history.total

    @property
    def history(self) -> History:
        """The run so far."""
        return replace(
            self._told,
            **self._samples.merged()._asdict(),
            together=self._together.copy(),
            present=self._present.copy(),
            task_moves=self._task_moves.copy(),
            windows=self._windows[: -(-self._total // self._window)].copy(),
            window=self._window,
            total=self._total,
            last=self._last,
        )

    def note(self, **notes: str | float) -> None:
        """Note what else a reader wants to know of the run."""
        self._told = self._told.with_notes(**notes)

    def forget(self, note: str) -> None:
        """Drop a note that is no longer true, if there is one."""
        kept = {name: told for name, told in self._told.notes.items() if name != note}
        self._told = replace(self._told, notes=kept)

    def extend(self, groups: Tensor, weights: Tensor, indicators: Tensor, losses: Tensor) -> NDArray[np.float64]:
        """Record consecutive steps.

        Args:
            groups: Groups, shape ``[T, M]``, int64 on the host; -1 for none.
            weights: Weights, shape ``[T, M]``, float32.
            indicators: Group indicators, shape ``[T, M]``, float32; NaN for none.
            losses: Losses, shape ``[T, M]``, float32; NaN for an absent task.

        Returns:
            A row for each step that has one before it, as ``History.windows`` has them, shape ``[T or T - 1, 6]``.
        """
        ranks = groups.numpy()
        steps = np.arange(self._total, self._total + len(ranks))
        parts = (weights.numpy(), indicators.numpy(), losses.numpy())
        self._samples.add(Steps(steps, ranks.astype(np.int16), *parts))
        everyone = np.concatenate([self._last[None], ranks]) if self._total else ranks
        self._total += len(ranks)
        self._last = ranks[-1].copy()
        return self._count(everyone, len(ranks))

    def _count(self, everyone: NDArray[np.int64], num_new: int) -> NDArray[np.float64]:
        found, before, now = members(everyone), everyone[:-1], everyone[1:]
        self._together += count_pairs(found[-num_new:])
        self._present += count_pairs((everyone[-num_new:] >= 0)[:, None].astype(np.float32))
        moved = (now != before) & (now >= 0) & (before >= 0)
        self._task_moves += moved.sum(0)
        moves = moved.sum(1)
        occupied = found[1:].any(2).sum(1)
        indices = rand_indices_between(before, now)
        changes = np.column_stack([np.ones(len(now)), indices, moves, moves == 0, occupied])
        self._fill_windows(changes)
        return changes

    def _fill_windows(self, changes: NDArray[np.float64]) -> None:
        while self._total > self._window * len(self._windows):
            self._window *= 2
            pairs = self._windows[::2] + self._windows[1::2]
            self._windows = np.concatenate([pairs, np.zeros_like(pairs)])
        places = np.arange(self._total - len(changes), self._total) // self._window
        np.add.at(self._windows, places, changes)

    def score(self, epoch: float, values: Mapping[str, float], epochs: Tensor | None) -> float:
        """Record a validation.

        Args:
            epoch: Epochs of training before it, above 0; a fraction where it falls into one.
            values: What was logged: ``val/delta_m`` and perhaps ``val/delta/<metric>`` for each metric.
            epochs: Epochs of convergence of these metrics so far, shape ``[S]``; taken from their changes if not
                given.

        Returns:
            The convergence difference, their standard deviation; NaN without parts.
        """
        told = self._told
        changes = {name: value for name, value in values.items() if name.startswith("val/delta/")}
        known = told.deltas.shape[1] == len(changes)
        earlier = told.deltas if known else np.full((len(told.scores), len(changes)), np.nan)
        deltas = np.concatenate([earlier, [list(changes.values())]])
        if epochs is None:
            # 100 + delta is the metric in percent of its single-task value, where lower is better
            curves = torch.from_numpy(100 + deltas)
            validations = convergence_epochs(curves, torch.zeros(len(changes), dtype=torch.bool))
            epochs = torch.tensor([*told.scores[:, 0], epoch], dtype=torch.float64)[validations - 1]
        difference = float(epochs.double().std(correction=0)) if len(epochs) else math.nan
        row = [epoch, self._total, values["val/delta_m"], difference]
        self._told = replace(
            told,
            scores=np.concatenate([told.scores, [row]]),
            metrics=tuple(name.removeprefix("val/delta/") for name in changes),
            deltas=deltas,
            epochs=epochs.double().numpy().copy(),
        )
        return difference
