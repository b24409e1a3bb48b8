"""The signals of a step as numbers for loggers: one copy to the host."""

import math
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_go4align.functional.precision import widest
from lightning_go4align.update.signals import Signals


class Row(NamedTuple):
    """The numbers of a step on the host.

    Args:
        logged: By their names, for loggers.
        bad_losses: The last step in which each task's loss was not finite, or -1.
        bad_weights: The last step in which each task's weight was not finite, or -1.
    """

    logged: dict[str, float]
    bad_losses: list[int]
    bad_weights: list[int]


def signals_row(tasks: Sequence[str], signals: Signals, bad_steps: Tensor) -> Row:
    """Name the numbers of a step; what an absent task lacks is left out.

    Args:
        tasks: Names of the ``M`` tasks.
        signals: Signals of the step.
        bad_steps: The last step in which each task's loss, and then each weight, was not finite, shape ``[2 M]``, or
            -1; it travels along.

    Returns:
        With the names ``loss/<task>``, ``weight/<task>``, ``scaled_loss/<task>``, and for a method that groups also
        ``indicator/<task>``, ``group/<task>``, ``group_weight/<k>`` and ``group_size/<k>``.

    Example:
        >>> signals = Signals(torch.tensor([2.0, torch.nan]), torch.tensor([0.5, 0.0]), None, None)
        >>> signals_row(["depth", "normal"], signals, torch.full((4,), -1)).logged
        {'loss/depth': 2.0, 'weight/depth': 0.5, 'scaled_loss/depth': 1.0}
    """
    missing = torch.full_like(signals.losses, torch.nan)
    parts = [bad_steps, signals.losses, missing if signals.weights is None else signals.weights]
    if signals.grouping is not None and signals.indicators is not None:
        parts += [signals.indicators, signals.grouping.assignment, signals.grouping.group_weights]
    steps, losses, weights, *groups = _to_host(parts)
    row: dict[str, float] = {}
    for task, loss, weight in zip(tasks, losses, weights, strict=True):
        if not math.isnan(loss):
            row[f"loss/{task}"] = loss
        if not math.isnan(loss) and not math.isnan(weight):
            row |= {f"weight/{task}": weight, f"scaled_loss/{task}": weight * loss}
    if groups:
        row |= _group_row(tasks, *groups)
    bad = [int(step) for step in steps]
    return Row(row, bad[: len(tasks)], bad[len(tasks) :])


def _group_row(
    tasks: Sequence[str], indicators: list[float], assignment: list[float], group_weights: list[float]
) -> dict[str, float]:
    row: dict[str, float] = {}
    for task, indicator, group in zip(tasks, indicators, assignment, strict=True):
        if group >= 0:
            row |= {f"indicator/{task}": indicator, f"group/{task}": group}
    for k, weight in enumerate(group_weights):
        row |= {f"group_weight/{k}": weight, f"group_size/{k}": float(assignment.count(k))}
    return row


def _to_host(parts: list[Tensor]) -> list[list[float]]:
    """Copy all of them at once."""
    joined = torch.cat([part.to(widest(part.device)) for part in parts])
    numbers: list[float] = joined.tolist()
    ends = list(accumulate(len(part) for part in parts))
    return [numbers[start:end] for start, end in zip([0, *ends], ends, strict=False)]
