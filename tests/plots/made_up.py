"""Runs that never were, of any size."""

import torch

from lightning_go4align.history import History
from lightning_go4align.monitors.recorder import Recorder


def make_run(num_tasks: int, num_groups: int, num_steps: int, epochs: int = 12, seed: int = 0) -> History:
    """Make a run of M tasks in K groups whose indicators wander."""
    generator = torch.Generator().manual_seed(seed)
    wander = 0.1 * torch.randn(num_steps, num_tasks, generator=generator).cumsum(0)
    indicators = (torch.randn(num_tasks, generator=generator) + wander).exp()
    places = indicators.argsort(1).argsort(1)
    groups = places * num_groups // num_tasks
    weights = 0.5 + groups.float()
    recorder = Recorder(History.empty([f"task_{index:02d}" for index in range(num_tasks)]), capacity=512)
    recorder.extend(groups, weights, indicators, 1 / indicators)
    for epoch in range(1, epochs + 1):
        values = {f"val/delta/metric_{s}": 100 / epoch - 10 * s for s in range(num_tasks)}
        values |= {"val/delta_m": sum(values.values()) / num_tasks, "val/convergence_difference": 1.0}
        recorder.score(epoch, values, torch.arange(1, num_tasks + 1).clamp(max=epoch))
    return recorder.history.with_notes(run="made up", method="GO4Align(num_groups=2)", seconds=3.0)
