"""Sampled steps and exact counts, in memory that does not grow."""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.relative import convergence_epochs
from lightning_go4align.history import History
from lightning_go4align.metrics.co_assignment import shared_group
from lightning_go4align.metrics.group_stability import moved_tasks, rand_indices

_PAIRS_AT_ONCE = 1 << 22


class Recorder:
    """Add steps to a history and keep it bounded.

    When ``capacity`` steps are sampled every second is dropped and the distance between samples doubled, and
    likewise with the windows. Counts of pairs and moves are taken of every step, sampled or not: consecutive steps
    agree more than distant ones, so samples would say too little of stability.

    Args:
        history: What was recorded before; ``History.empty(tasks)`` for a new run.
        capacity: The largest number of sampled steps, at least 2.
        num_windows: The largest number of windows, at least 2.

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
        self.history, self.capacity, self.num_windows = history, capacity, num_windows

    def extend(self, groups: Tensor, weights: Tensor, indicators: Tensor, losses: Tensor) -> NDArray[np.float64]:
        """Record consecutive steps.

        Args:
            groups: Groups, shape ``[T, M]``, int64 on the host; -1 for none.
            weights: Weights, shape ``[T, M]``.
            indicators: Group indicators, shape ``[T, M]``, NaN for none.
            losses: Losses, shape ``[T, M]``, NaN for an absent task.

        Returns:
            A row for each step that has one before it, as ``History.windows`` has them, shape ``[T or T - 1, 6]``.
        """
        size = max(1, _PAIRS_AT_ONCE // groups.shape[1] ** 2)
        chunks = zip(*(torch.split(rows, size) for rows in (groups, weights, indicators, losses)), strict=True)
        return np.concatenate([self._extend(*chunk) for chunk in chunks])

    def score(self, epoch: int, values: Mapping[str, float], epochs: Tensor | None) -> None:
        """Record a validation epoch.

        Args:
            epoch: The epoch, from 1.
            values: What was logged: ``val/delta_m``, perhaps ``val/delta/<metric>`` for each metric and
                ``val/convergence_difference``.
            epochs: Epochs of convergence of these metrics so far, shape ``[S]``; taken from their changes if not
                given.
        """
        history = self.history
        changes = {name: value for name, value in values.items() if name.startswith("val/delta/")}
        known = history.deltas.shape[1] == len(changes)
        earlier = history.deltas if known else np.full((len(history.scores), len(changes)), np.nan)
        deltas = np.concatenate([earlier, [list(changes.values())]])
        if epochs is None:
            # 100 + delta is the metric in percent of its single-task value, where lower is better
            curves = torch.from_numpy(100 + deltas)
            epochs = convergence_epochs(curves, torch.zeros(len(changes), dtype=torch.bool))
        row = [epoch, history.total, values["val/delta_m"], values.get("val/convergence_difference", np.nan)]
        self.history = replace(
            history,
            scores=np.concatenate([history.scores, [row]]),
            metrics=tuple(name.removeprefix("val/delta/") for name in changes),
            deltas=deltas,
            epochs=epochs.double().numpy().copy(),
        )

    def _extend(self, groups: Tensor, *rows: Tensor) -> NDArray[np.float64]:
        self._sample(groups, *rows)
        history = self.history
        changes, moves = self._changes(groups)
        together, present = (shared_group(mask).sum(0).numpy() for mask in (groups, groups.clamp(max=0)))
        self.history = replace(
            history,
            together=history.together + together,
            present=history.present + present,
            task_moves=history.task_moves + moves,
            total=history.total + len(groups),
            last=groups[-1].numpy().copy(),
        )
        self._fill_windows(history.total + len(groups) - len(changes), changes)
        return changes

    def _sample(self, groups: Tensor, weights: Tensor, indicators: Tensor, losses: Tensor) -> None:
        old = self.history
        stride = int(old.steps[1] - old.steps[0]) if len(old.steps) > 1 else 1
        steps = np.concatenate([old.steps, np.arange(old.total, old.total + len(groups))])
        while (kept := steps % stride == 0).sum() > self.capacity:
            stride *= 2
        new = {"groups": groups.to(torch.int16), "weights": weights, "indicators": indicators, "losses": losses}
        rows = {name: np.concatenate([getattr(old, name), row.numpy()])[kept] for name, row in new.items()}
        self.history = replace(old, steps=steps[kept], **rows)

    def _changes(self, groups: Tensor) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Compare each step with the one before it."""
        steps = torch.cat([torch.from_numpy(self.history.last)[None], groups])
        steps = steps[1:] if self.history.total == 0 else steps
        before, now = steps[:-1], steps[1:]
        moved = moved_tasks(before, now)
        moves = moved.sum(1, dtype=torch.float64)
        indices = rand_indices(before, now).reshape(-1, 2)
        ranks = torch.arange(int(now.max()) + 1 if len(now) else 1)
        occupied = (now[:, :, None] == ranks).any(1).sum(1)
        counts = torch.stack([moves, moves == 0, occupied], dim=1)
        rows = torch.cat([torch.ones_like(moves)[:, None], indices, counts], dim=1)
        return rows.numpy(), moved.sum(0).numpy()

    def _fill_windows(self, first: int, changes: NDArray[np.float64]) -> None:
        width, windows = self.history.window, self.history.windows
        while (first + len(changes)) > width * self.num_windows:
            width *= 2
            padded = np.pad(windows, ((0, len(windows) % 2), (0, 0)))
            windows = padded[::2] + padded[1::2]
        places = np.arange(first, first + len(changes)) // width
        windows = np.pad(windows, ((0, max(0, places.max(initial=-1) + 1 - len(windows))), (0, 0)))
        np.add.at(windows, places, changes)
        self.history = replace(self.history, window=width, windows=windows)
