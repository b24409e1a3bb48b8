"""The recorded dynamics of a run: what monitors write and pictures draw, independent of any logger."""

import json
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.atomic_write import atomic_write

FILE = "group_dynamics.npz"


@dataclass(frozen=True)
class History:
    """Groups, weights, indicators and losses of sampled steps, with counts that are exact over all steps.

    Args:
        tasks: Names of the ``M`` tasks.
        steps: The ``R`` sampled steps, ascending, shape ``[R]``, int64, from 0.
        groups: Group of each task, ranked by weight, shape ``[R, M]``, int16; -1 for none.
        weights: Weights, shape ``[R, M]``; 1 is that of an unweighted sum.
        indicators: Group indicators, shape ``[R, M]``; NaN where the method has none.
        losses: Losses, shape ``[R, M]``; NaN for an absent task.
        together: Steps in which two tasks shared a group, shape ``[M, M]``, int64.
        present: Steps in which both tasks were in any group, shape ``[M, M]``, int64.
        task_moves: Steps in which a task changed group, shape ``[M]``, int64.
        windows: Sums over windows of equal length, shape ``[B, 6]``: transitions between two steps, their Rand
            indices, adjusted Rand indices, moves, transitions without a move, and groups in use.
        window: Steps in a window.
        total: Steps of the run so far.
        last: Groups of the last step, shape ``[M]``, int64.
        scores: Rows of a validation, shape ``[E, 4]``: epochs so far (2.5 amid the third), total steps, delta_m
            and the convergence difference.
        metrics: Names of the ``S`` metrics that delta_m compares.
        deltas: Their relative changes at each of these validations, shape ``[E, S]``, in percent.
        epochs: Their epochs of convergence, shape ``[S]``.
        notes: What else a reader wants to know of the run: its name, the method, times in seconds.

    Example:
        >>> history = History.empty(["depth", "normal"])
        >>> (len(history.steps), history.num_groups, history.grouped)
        (0, 0, False)
    """

    tasks: tuple[str, ...]
    steps: NDArray[np.int64]
    groups: NDArray[np.int16]
    weights: NDArray[np.float32]
    indicators: NDArray[np.float32]
    losses: NDArray[np.float32]
    together: NDArray[np.int64]
    present: NDArray[np.int64]
    task_moves: NDArray[np.int64]
    windows: NDArray[np.float64]
    window: int
    total: int
    last: NDArray[np.int64]
    scores: NDArray[np.float64]
    metrics: tuple[str, ...] = ()
    deltas: NDArray[np.float64] = field(default_factory=lambda: np.zeros((0, 0)))
    epochs: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    notes: dict[str, str | float] = field(default_factory=dict)

    @classmethod
    def empty(cls, tasks: list[str]) -> Self:
        """Start with no step."""
        m = len(tasks)
        rows = np.zeros((0, m), np.float32)
        return cls(
            tasks=tuple(tasks),
            steps=np.zeros(0, np.int64),
            groups=rows.astype(np.int16),
            weights=rows,
            indicators=rows,
            losses=rows,
            together=np.zeros((m, m), np.int64),
            present=np.zeros((m, m), np.int64),
            task_moves=np.zeros(m, np.int64),
            windows=np.zeros((0, 6)),
            window=1,
            total=0,
            last=np.full(m, -1, np.int64),
            scores=np.zeros((0, 4)),
        )

    @property
    def grouped(self) -> bool:
        """Whether the method grouped the tasks in any step."""
        return bool(self.present.any())

    @property
    def num_groups(self) -> int:
        """Groups in use in any sampled step: the highest rank and 1."""
        return int(self.groups.max(initial=-1)) + 1

    @property
    def shares(self) -> NDArray[np.float64]:
        """Share of steps in which two tasks shared a group, shape ``[M, M]``; 0 where they never could."""
        return self.together / np.maximum(self.present, 1)

    @property
    def best_deltas(self) -> NDArray[np.float64]:
        """Relative change of each metric at the epoch with the lowest delta_m, shape ``[S]``, in percent."""
        return np.asarray(self.deltas[np.nanargmin(self.scores[:, 2])])

    def with_notes(self, **notes: str | float) -> Self:
        """Add notes."""
        return replace(self, notes=self.notes | notes)

    def save(self, folder: Path) -> Path:
        """Write the log into a folder; a reader sees the old file or the new one, never half of it."""
        arrays, words = self.split()
        with atomic_write(folder / FILE) as unfinished, unfinished.open("wb") as file:
            np.savez(file, allow_pickle=False, words=np.array(json.dumps(words)), **arrays)
        return folder / FILE

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read the log from the folder of a run.

        Raises:
            FileNotFoundError: If there is none.
        """
        path = folder / FILE
        if not path.is_file():
            raise FileNotFoundError(
                f"{folder} holds no {FILE}. Give the folder of a run that had a `GroupDynamicsMonitor`, "
                "for example lightning_logs/version_0."
            )
        with np.load(path) as file:
            arrays = dict(file)
        return cls.join(arrays, json.loads(str(arrays.pop("words"))))

    def split(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]]:
        """Separate the arrays from the rest, which JSON can hold."""
        items = {name: getattr(self, name) for name in self.__dataclass_fields__}
        arrays = {name: item for name, item in items.items() if isinstance(item, np.ndarray)}
        return arrays, {name: item for name, item in items.items() if name not in arrays}

    @classmethod
    def join(cls, arrays: dict[str, NDArray[Any]], words: dict[str, Any]) -> Self:
        """Put together what ``split`` separated."""
        items: dict[str, Any] = {
            name: tuple(item) if isinstance(item, list) else item for name, item in (arrays | words).items()
        }
        return cls(**items)
