"""Sampled steps and exact counts of a run, in memory that does not grow."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from lightning_go4align.functional.convergence import convergence_epochs, spread_of_epochs
from lightning_go4align.functional.counting import count_pairs, members, rand_indices_between
from lightning_go4align.history import History, Transitions
from lightning_go4align.history.samples import Samples, Steps
from lightning_go4align.metrics import DeltaM

_CHANGE = "val/delta/"


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
        >>> len(recorder.extend(groups, zeros, zeros, zeros))
        5
        >>> recorder.history.steps.tolist(), recorder.history.together.diagonal().tolist()
        ([0, 2, 4], [6, 6])
    """

    def __init__(self, history: History, capacity: int = 4096, num_windows: int = 256) -> None:
        kept = Steps(history.steps, history.groups, history.weights, history.indicators, history.losses)
        self._recorded, self._samples = history, Samples(kept, capacity)
        self._together, self._present = history.together.copy(), history.present.copy()
        self._task_moves, self._task_transitions = history.task_moves.copy(), history.task_transitions.copy()
        self._last = history.last
        self._windows = Transitions.zeros(max(num_windows, len(history.windows)))
        self._windows.add(np.arange(len(history.windows)), history.windows)
        self._window, self._total = history.window, history.total

    @property
    def history(self) -> History:
        """The run so far."""
        return replace(
            self._recorded,
            **self._samples.merged()._asdict(),
            together=self._together.copy(),
            present=self._present.copy(),
            task_moves=self._task_moves.copy(),
            task_transitions=self._task_transitions.copy(),
            windows=self._windows[: -(-self._total // self._window)],
            window=self._window,
            total=self._total,
            last=self._last,
        )

    def note(self, **notes: str | float | list[str]) -> None:
        """Change notes on the run."""
        self._recorded = self._recorded.with_notes(**notes)

    def extend(self, groups: Tensor, weights: Tensor, indicators: Tensor, losses: Tensor) -> Transitions:
        """Record consecutive steps.

        Args:
            groups: Groups, shape ``[T, M]``, int64 on the host; -1 for none.
            weights: Weights, shape ``[T, M]``, float32.
            indicators: Group indicators, shape ``[T, M]``, float32; NaN for none.
            losses: Losses, shape ``[T, M]``, float32; infinite where one was not finite, NaN for an absent task.

        Returns:
            The transitions to these steps: ``T``, or ``T - 1`` if none came before.
        """
        ranks = groups.numpy()
        steps = np.arange(self._total, self._total + len(ranks))
        parts = (weights.numpy(), indicators.numpy(), losses.numpy())
        self._samples.add(Steps(steps, ranks.astype(np.int16), *parts))
        everyone = np.concatenate([self._last[None], ranks]) if self._total else ranks
        self._total += len(ranks)
        self._last = ranks[-1].copy()
        return self._count(everyone, len(ranks))

    def _count(self, everyone: NDArray[np.int64], num_new: int) -> Transitions:
        grouped, before, now = members(everyone), everyone[:-1], everyone[1:]
        self._together += count_pairs(grouped[-num_new:])
        self._present += count_pairs((everyone[-num_new:] >= 0)[:, None].astype(np.float32))
        followed = (now >= 0) & (before >= 0)
        moved = followed & (now != before)
        self._task_moves += moved.sum(0)
        self._task_transitions += followed.sum(0)
        rand, adjusted_rand = rand_indices_between(before, now).T
        in_both = followed.sum(1)
        transitions = Transitions(
            transitions=np.ones(len(now)),
            rand=np.nan_to_num(rand),
            adjusted_rand=np.nan_to_num(adjusted_rand),
            moves=moved.sum(1).astype(np.float64),
            held=(followed.any(1) & ~moved.any(1)).astype(np.float64),
            occupied=grouped[1:].any(2).sum(1).astype(np.float64),
            compared=(in_both > 1).astype(np.float64),
            followed=(in_both > 0).astype(np.float64),
        )
        self._fill_windows(transitions)
        return transitions

    def _fill_windows(self, transitions: Transitions) -> None:
        while self._total > self._window * len(self._windows):
            self._window *= 2
            pairs = self._windows.summed(2)
            self._windows = Transitions.zeros(len(self._windows))
            self._windows.add(np.arange(len(pairs)), pairs)
        ends = np.arange(self._total - len(transitions), self._total)
        self._windows.add(ends // self._window, transitions)

    def score(
        self, epoch: float, values: Mapping[str, float], epochs: Tensor | None, score: DeltaM | None = None
    ) -> float:
        """Record a validation.

        Args:
            epoch: Epochs of training before it, above 0; a fraction where it falls into one.
            values: What was logged: ``val/delta_m`` and perhaps ``val/delta/<metric>`` for each metric.
            epochs: Epochs of convergence of these metrics so far, shape ``[S]``; taken from their changes if not
                given.
            score: What the changes were computed by; if not given, they tell no convergence.

        Returns:
            The convergence difference, their standard deviation; NaN if there is none.
        """
        metrics = names_of_changes(values)
        changes = self._changes([values[_CHANGE + name] for name in metrics])
        validations = self._recorded.validations
        if epochs is None:
            at = np.append(validations.epochs, epoch)
            epochs = torch.zeros(0) if score is None else _epochs_of_convergence(metrics, changes, at, score)
        difference = float(spread_of_epochs(epochs.double()))
        self._recorded = replace(
            self._recorded,
            validations=validations.followed_by(epoch, self._total, values["val/delta_m"], difference, changes),
            metrics=tuple(metrics),
            convergence_epochs=epochs.double().numpy().copy(),
        )
        return difference

    def _changes(self, latest: list[float]) -> NDArray[np.float64]:
        """Changes of all validations, the latest at the end; NaN for the earlier ones if the metrics are others."""
        earlier = self._recorded.validations.changes
        if earlier.shape[1] != len(latest):
            earlier = np.full((len(earlier), len(latest)), np.nan)
        return np.concatenate([earlier, [latest]])


def names_of_changes(values: Mapping[str, float]) -> list[str]:
    """Names of the metrics whose changes were logged."""
    return [name.removeprefix(_CHANGE) for name in values if name.startswith(_CHANGE)]


def _epochs_of_convergence(
    metrics: Sequence[str], changes: NDArray[np.float64], epochs: NDArray[np.float64], score: DeltaM
) -> Tensor:
    """Find when metrics converged from their relative changes, each of which the score turned round if need be."""
    places = [score.names.index(name) for name in metrics]
    baseline, higher = score.baseline.cpu().double()[places], score.maximize.cpu()[places]
    worse = torch.from_numpy(changes) / 100 * baseline.abs()
    validations = convergence_epochs(baseline + torch.where(higher, -worse, worse), higher)
    return torch.from_numpy(np.append(0, epochs))[validations]  # 0 of a metric that never had a value
