"""Performance against single-task networks, validation by validation."""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Validations:
    """Validations of a run, a row for each of ``E``.

    Args:
        epochs: Epochs so far (2.5 amid the third), shape ``[E]``.
        steps: Steps so far, shape ``[E]``.
        delta_m: Mean relative change against single-task networks, shape ``[E]``, in percent.
        convergence_difference: Standard deviation of the epochs of convergence so far, shape ``[E]``.
        changes: Relative change of each metric, shape ``[E, S]``, in percent.

    Example:
        >>> len(Validations.none())
        0
    """

    epochs: NDArray[np.float64]
    steps: NDArray[np.float64]
    delta_m: NDArray[np.float64]
    convergence_difference: NDArray[np.float64]
    changes: NDArray[np.float64]

    @classmethod
    def none(cls) -> Self:
        """Start with no validation."""
        return cls(np.zeros(0), np.zeros(0), np.zeros(0), np.zeros(0), np.zeros((0, 0)))

    def __len__(self) -> int:
        return len(self.epochs)

    @property
    def scored(self) -> bool:
        """Whether any validation has a finite delta_m."""
        return bool(np.isfinite(self.delta_m).any())

    @property
    def best(self) -> int:
        """Index of the validation with the lowest delta_m."""
        return int(np.nanargmin(self.delta_m))

    def followed_by(
        self, epoch: float, step: int, delta_m: float, convergence_difference: float, changes: NDArray[np.float64]
    ) -> Self:
        """Add a validation.

        Args:
            epoch: Epochs so far.
            step: Steps so far.
            delta_m: Mean relative change, in percent.
            convergence_difference: Standard deviation of the epochs of convergence so far.
            changes: The changes of all validations, shape ``[E + 1, S]``.
        """
        return type(self)(
            epochs=np.append(self.epochs, epoch),
            steps=np.append(self.steps, step),
            delta_m=np.append(self.delta_m, delta_m),
            convergence_difference=np.append(self.convergence_difference, convergence_difference),
            changes=changes,
        )
