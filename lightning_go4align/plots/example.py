"""A small made-up run to try the pictures on."""

from dataclasses import replace

import numpy as np

from lightning_go4align.history import History, Notes, Transitions, Validations


def example_history() -> History:
    """Make a run of 4 tasks in 2 groups over 60 steps and 3 epochs, always the same.

    Example:
        >>> example_history().groups[-1].tolist()
        [0, 0, 1, 1]
    """
    steps, tasks = np.arange(60), ("segmentation", "depth", "normal", "edges")
    groups = np.tile([0, 0, 1, 1], (60, 1)).astype(np.int16)
    groups[10:20, 1] = 1
    weights = np.where(groups == 0, 0.5, 1.5).astype(np.float32)
    together = (groups[:, :, None] == groups[:, None]).sum(0)
    first, moved = np.arange(60) == 0, np.isin(np.arange(60), [10, 20])
    windows = Transitions(
        transitions=np.where(first, 0.0, 1.0),
        rand=np.select([first, moved], [0.0, 0.5], 1.0),
        adjusted_rand=np.where(first | moved, 0.0, 1.0),
        moves=np.where(moved, 1.0, 0.0),
        held=np.where(first | moved, 0.0, 1.0),
        occupied=np.where(first, 0.0, 2.0),
        compared=np.where(first, 0.0, 1.0),
        followed=np.where(first, 0.0, 1.0),
    )
    validations = Validations(
        epochs=np.array([1.0, 2.0, 3.0]),
        steps=np.array([20.0, 40.0, 60.0]),
        delta_m=np.array([40.0, 12.0, -2.5]),
        convergence_difference=np.array([0.0, 0.5, 0.8]),
        changes=np.array([[40.0, 50.0, 30.0, 40.0], [10.0, 15.0, 13.0, 10.0], [-12.0, 3.0, 1.0, -2.0]]),
    )
    return replace(
        History.empty(list(tasks)),
        steps=steps,
        groups=groups,
        weights=weights,
        indicators=weights + np.float32(0.1) * np.arange(4, dtype=np.float32),
        losses=np.linspace(2, 1, 60, dtype=np.float32)[:, None] / weights,
        together=together,
        present=np.full((4, 4), 60),
        task_moves=np.array([0, 2, 0, 0]),
        task_transitions=np.full(4, 59),
        windows=windows,
        total=60,
        last=groups[-1].astype(np.int64),
        validations=validations,
        metrics=tasks,
        convergence_epochs=np.array([3.0, 2.0, 3.0, 1.0]),
        notes=Notes(run="example", method="GO4Align"),
    )
