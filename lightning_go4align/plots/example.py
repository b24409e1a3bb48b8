"""A small made-up run to try the pictures on."""

from dataclasses import replace

import numpy as np

from lightning_go4align.history import History


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
    windows = np.zeros((60, 6))
    windows[1:] = [1, 1, 1, 0, 1, 2]
    windows[[10, 20]] = [1, 0.5, 0, 1, 0, 2]
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
        windows=windows,
        total=60,
        last=groups[-1].astype(np.int64),
        scores=np.array([[1, 20, 40.0, 0.0], [2, 40, 12.0, 0.5], [3, 60, -2.5, 0.8]]),
        metrics=tasks,
        deltas=np.array([[40.0, 50.0, 30.0, 40.0], [10.0, 15.0, 13.0, 10.0], [-12.0, 3.0, 1.0, -2.0]]),
        epochs=np.array([3.0, 2.0, 3.0, 1.0]),
        notes={"run": "example", "method": "GO4Align"},
    )
