"""A step of RobustGO4Align on a device without Triton: few operations, static shapes, no host read.

The equations are those of ``loss_history`` and ``shared_risk``, for all means at once: each operation is a launch.
"""

from collections.abc import Mapping
from functools import cache
from typing import NamedTuple

import torch
from torch import Tensor

from lightning_go4align.functional.capture import check_not_capturing
from lightning_go4align.functional.choice import choose_known
from lightning_go4align.functional.kmeans_torch import solve_weighed
from lightning_go4align.functional.loss_history import LARGEST, RESTING
from lightning_go4align.functional.loss_scale import fall
from lightning_go4align.functional.precision import widest

Found = tuple[Tensor, Tensor, Tensor, Tensor]


class Columns(NamedTuple):
    """What the rows of the states are multiplied with.

    Args:
        past: Share of the past in each row, shape ``[8, 1]``.
        share: Share of the present, shape ``[8, 1]``.
        first: Share of the present in the two spreads, the long and the short one, shape ``[2, 1]``.
        bounds: How many long spreads are the most, and how many short ones the least, shape ``[2, 1]``.
        none: 0, shape ``[]``.
        one: 1, shape ``[]``.
        endless: Infinity, shape ``[]``.
    """

    past: Tensor
    share: Tensor
    first: Tensor
    bounds: Tensor
    none: Tensor
    one: Tensor
    endless: Tensor


def weigh_robustly_by_torch(
    losses: Tensor,
    means: Tensor,
    spreads: Tensor,
    num_groups: int,
    settings: Mapping[str, float],
    criterion: Tensor | None = None,
    momentum: float = 0.0,
) -> Found:
    """Take a step with exactly ``K`` groups, or with as many as there is evidence for.

    Args:
        losses: Task losses, shape ``[M]``, in the widest dtype of their device.
        means: State of ``ExponentialMean``, shape ``[2, M]``, moved in place.
        spreads: State of ``LevelWithinSpread``, shape ``[6, M]``, moved in place.
        num_groups: ``K``, or the largest number of groups.
        settings: ``smoothing_decay``, those of ``LevelWithinSpread``, and ``reach``.
        criterion: Averaged scores of 1, 2, ... ``K`` groups, moved in place; None: exactly ``K``.
        momentum: Share of the past in them.

    Returns:
        Indicators ``[M]``, group of each task ``[M]``, group weights ``[K]`` and task weights ``[M]``.

    Example:
        >>> names = ("smoothing_decay", "decay", "noise_decay", "least", "most", "floor", "outlier", "reach")
        >>> settings = dict(zip(names, (0.9, 0.99, 0.9, 1.0, 10.0, 1e-3, 30.0, 10.0)))
        >>> states = [torch.zeros(rows, 3, dtype=torch.float64) for rows in (2, 6)]
        >>> weigh_robustly_by_torch(torch.tensor([1e-6, 2.0, 1e6], dtype=torch.float64), *states, 3, settings)[3]
        tensor([1.0000e+06, 5.0000e-01, 1.0000e-06], dtype=torch.float64)
    """
    decays = tuple(settings[name] for name in ("smoothing_decay", "decay", "noise_decay", "least", "most"))
    columns = _columns(decays, losses.device)
    present = losses.abs() < LARGEST
    before = spreads.view(2, 3, -1)
    middles = before[:, 0] / before[:, 1]
    told = present & (losses != 0)
    kept = _without_outliers(losses, before[0], middles[0], columns, settings)
    state = _moved(kept, middles, told, means, spreads, columns)
    forgotten = torch.where(told, (losses - kept).abs(), columns.none)
    scales = _scales(state, columns, settings).maximum(forgotten * columns.share[-1])
    indicators = scales.reciprocal()
    points = indicators.log()
    # No point is negative then, as both solvers want it, and a task never seen remains NaN.
    shift = points.nan_to_num(0, 0, 0).amin()
    moved = points - shift
    if criterion is None:
        assignment, centres, _ = solve_weighed(moved, num_groups)
    else:
        assignment, centres = choose_known(moved, criterion, momentum)
    weights = (centres + shift).exp()
    shared = weights.index_select(0, assignment.clamp(min=0))
    reached = shared.clamp(indicators / settings["reach"], indicators * settings["reach"])
    return indicators, assignment, weights, _of_constant_risk(reached, scales, present, columns.none)


def _without_outliers(
    losses: Tensor, long: Tensor, middle: Tensor, columns: Columns, settings: Mapping[str, float]
) -> Tensor:
    _, mass, distances = long
    # 0 / 0 for a task seen once, and no middle for one never seen: `fmax` and `fmin` pass over NaN.
    counted = (mass - columns.first[0]) * mass
    most = torch.addcdiv(middle.abs() * RESTING, distances, counted, value=settings["outlier"] * settings["decay"])
    most = torch.where(most > 0, most, columns.endless)
    return losses.fmin(middle + most).fmax(middle - most)


def _moved(kept: Tensor, middles: Tensor, told: Tensor, means: Tensor, spreads: Tensor, columns: Columns) -> Tensor:
    """Move both states in place; return them, shape ``[8, M]``."""
    before = torch.cat([means, spreads])
    long, short = (kept - middles).abs().nan_to_num(0, 0, 0)
    ones = columns.one.expand_as(kept)
    seen = torch.stack([kept, ones, kept, ones, long, kept, ones, short])
    after = torch.where(told, torch.addcmul(columns.past * before, columns.share, seen), before)
    means.copy_(after[:2])
    spreads.copy_(after[2:])
    return after


def _scales(state: Tensor, columns: Columns, settings: Mapping[str, float]) -> Tensor:
    level, known = (state[0] / state[1]).abs(), state[2:].view(2, 3, -1)
    # 0 / 0 for a task seen once: `fmax` and `fmin` pass over NaN.
    distances = known[:, 1] - columns.first
    most, least = known[:, 2] / distances * columns.bounds
    bounded = torch.fmin(torch.fmax(level, least), most / known[0, 1])
    least_share = ((1 - known[0, 1]) ** fall(settings["decay"]) * 10).clamp(min=settings["floor"])
    scales = torch.fmax(bounded, least_share * level)
    unknown = scales <= 1 / LARGEST
    scales, seen = scales.masked_fill(unknown, torch.nan), distances[0].masked_fill(unknown, 0)
    # 0 / 0 where no spread is known.
    common = torch.fmin((scales / level * seen).nan_to_num(0).amax() / seen.amax(), columns.one)
    return scales / common


def _of_constant_risk(weights: Tensor, scales: Tensor, present: Tensor, none: Tensor) -> Tensor:
    risks = torch.where(present, weights * scales, none)  # NaN for a task never seen
    counted = risks > 0
    return torch.where(counted, weights * (counted.sum() / risks.nansum()), none)


@cache  # Kept for good: a captured CUDA graph reads them at its every replay.
def _columns(settings: tuple[float, ...], device: torch.device) -> Columns:
    check_not_capturing(device)
    smoothing, decay, noise_decay, least, most = settings
    decays = [smoothing] * 2 + [decay] * 3 + [noise_decay] * 3
    shares = [1 - past for past in decays]
    made = (decays, shares, shares[2::3], [most * decay, least * noise_decay])
    with torch.inference_mode(False), torch.device("cpu"):
        columns = [torch.tensor(numbers, dtype=widest(device))[:, None] for numbers in made]
        constants = torch.tensor([0.0, 1.0, torch.inf], dtype=widest(device)).unbind()
        return Columns(*(column.to(device) for column in (*columns, *constants)))
