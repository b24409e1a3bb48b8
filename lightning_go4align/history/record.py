"""All that is recorded of a run."""

import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from lightning_go4align.history.event_log import FILE, VERSION, Arrays, damaged, read_log, upgraded, write_log
from lightning_go4align.history.means import known_mean
from lightning_go4align.history.notes import Notes
from lightning_go4align.history.summary import summary, task_rows
from lightning_go4align.history.transitions import Transitions
from lightning_go4align.history.validations import Validations


@dataclass(frozen=True, repr=False)
class History:
    """Groups, weights, indicators and losses of sampled steps, with counts that are exact over all steps.

    Args:
        tasks: Names of the ``M`` tasks.
        steps: The ``R`` sampled steps, ascending, shape ``[R]``, int64, from 0.
        groups: Group of each task, ranked by weight, shape ``[R, M]``, int16; -1 for none.
        weights: Weights, shape ``[R, M]``; 1 is that of an unweighted sum.
        indicators: Group indicators, shape ``[R, M]``; NaN where the method has none.
        losses: Losses, shape ``[R, M]``; NaN for an absent task, infinite where one was not finite.
        together: Steps in which two tasks shared a group, shape ``[M, M]``, int64.
        present: Steps in which both tasks were in any group, shape ``[M, M]``, int64.
        task_moves: Steps in which a task changed group, shape ``[M]``, int64.
        task_transitions: Steps in which it could: it was in a group before them and in them, shape ``[M]``, int64.
        windows: Transitions from one step to the next, summed over ``B`` windows of equal length.
        window: Steps in a window.
        total: Steps of the run so far.
        last: Groups of the last step, shape ``[M]``, int64.
        validations: The ``E`` validations that have a delta_m.
        metrics: Names of the ``S`` metrics that delta_m compares.
        convergence_epochs: Their epochs of convergence, shape ``[S]``; 0 for one that was NaN in all.
        notes: What else a reader wants to know of the run.

    Example:
        >>> history = History.empty(["depth", "normal"])
        >>> history
        History(2 tasks, 0 steps, 0 groups, 0 validations)
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
    task_transitions: NDArray[np.int64]
    windows: Transitions
    window: int
    total: int
    last: NDArray[np.int64]
    validations: Validations = field(default_factory=Validations.none)
    metrics: tuple[str, ...] = ()
    convergence_epochs: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))
    notes: Notes = field(default_factory=Notes)

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
            task_transitions=np.zeros(m, np.int64),
            windows=Transitions.zeros(0),
            window=1,
            total=0,
            last=np.full(m, -1, np.int64),
        )

    def __repr__(self) -> str:
        return f"History({self._size})"

    def _repr_html_(self) -> str:
        ended = f". Ended by {self.notes.interrupted}" if self.notes.interrupted else ""
        line = f"{self._size if self.total else 'No step is recorded'}{ended}."
        return summary(self.notes.run or "Group dynamics", line, task_rows(self))

    @property
    def _size(self) -> str:
        counts = {"task": len(self.tasks), "step": self.total, "group": self.num_groups}
        counts["validation"] = len(self.validations)
        return ", ".join(f"{count:,} {name}{'s' * (count != 1)}" for name, count in counts.items())

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
    def best_changes(self) -> NDArray[np.float64]:
        """Relative change of each metric at the epoch with the lowest delta_m, shape ``[S]``, in percent."""
        return np.asarray(self.validations.changes[self.validations.best])

    @property
    def weighed(self) -> NDArray[np.float32]:
        """Weights of the tasks that are present, shape ``[R, M]``; NaN where one is absent."""
        return np.where(np.isfinite(self.losses), self.weights, np.nan)

    @property
    def scaled(self) -> NDArray[np.float64]:
        """Losses times weights, shape ``[R, M]``; NaN where one of them is not finite."""
        with np.errstate(over="ignore", invalid="ignore"):
            scaled = self.losses.astype(float) * self.weights
        return np.where(np.isfinite(scaled), scaled, np.nan)

    @property
    def mean_weights(self) -> NDArray[np.float64]:
        """Mean of each task's weight over the steps with it, shape ``[M]``; NaN if never present."""
        return known_mean(self.weighed)

    @property
    def main_groups(self) -> NDArray[np.int64]:
        """The group in which each task is in most sampled steps, shape ``[M]``; -1 for none."""
        counts = np.stack([(self.groups == rank).sum(0) for rank in range(max(self.num_groups, 1))])
        return np.where(counts.any(0), counts.argmax(0), -1)

    def with_notes(self, **notes: str | float | list[str]) -> Self:
        """Change notes."""
        changed: Any = notes
        return replace(self, notes=replace(self.notes, **changed))

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the log into a folder; a reader sees the old file or the new one, never half of it."""
        return write_log(Path(folder), *self.split())

    @classmethod
    def load(cls, folder: str | os.PathLike[str]) -> Self:
        """Read the log from the folder of a run.

        Raises:
            FileNotFoundError: If there is none.
            ValueError: If a later version wrote it, or it is damaged.
        """
        arrays, metadata = read_log(Path(folder))
        try:
            return cls.join(arrays, metadata)
        except (AttributeError, IndexError, KeyError, TypeError) as error:
            raise damaged(Path(folder, FILE), error) from error

    def split(self) -> tuple[Arrays, dict[str, Any]]:
        """Separate the arrays, under their names, from the rest, which JSON can hold."""
        items = vars(self) | {"notes": asdict(self.notes)}
        for part in ("windows", "validations"):
            items |= {f"{part}/{name}": array for name, array in vars(items.pop(part)).items()}
        arrays = {name: item for name, item in items.items() if isinstance(item, np.ndarray)}
        return arrays, {"version": VERSION} | {name: item for name, item in items.items() if name not in arrays}

    @classmethod
    def join(cls, arrays: Arrays, metadata: dict[str, Any]) -> Self:
        """Put together what ``split`` separated, also in an earlier version.

        Raises:
            ValueError: If a later version did.
        """
        arrays, metadata = upgraded(arrays, metadata)
        parts: dict[str, dict[str, Any]] = {"windows": {}, "validations": {}, "": {}}
        for name, array in arrays.items():
            part, _, field_of_part = name.rpartition("/")
            parts[part][field_of_part] = array
        return cls(
            **parts[""],
            tasks=tuple(metadata["tasks"]),
            windows=Transitions(**parts["windows"]),
            window=metadata["window"],
            total=metadata["total"],
            validations=Validations(**parts["validations"]),
            metrics=tuple(metadata["metrics"]),
            notes=Notes(**metadata["notes"]),
        )
