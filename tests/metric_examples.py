"""An example of every metric of the package: how it is made, what it is fed, and what comes out, in NumPy alone."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import torch
from torchmetrics import Metric

NAMES = ["miou", "error"]
METHODS = ["LS", "UW", "GO4Align"]
BASELINE = {"miou": 38.3, "error": 2.6}
NUM_TASKS, NUM_CLASSES = 4, 3


@dataclass(frozen=True)
class Example:
    """What a metric is made with and fed, and what it computes.

    Args:
        arguments: Of the constructor.
        batches: Arguments of ``update``, one tuple an update.
        expected: What the batches give, without torch.
        others: Arguments of metrics whose states mean something else, although some of their states are equal.
        before: How many batches before its own ``forward`` goes on from.
    """

    arguments: tuple[Any, ...]
    batches: Sequence[tuple[Any, ...]]
    expected: Callable[[Sequence[tuple[Any, ...]]], Any]
    others: Sequence[tuple[Any, ...]] = ()
    before: int = 0


def make(kind: type[Metric], **kwargs: Any) -> Metric:
    return kind(*EXAMPLES[kind.__name__].arguments, **kwargs)


def updated(metric: Metric, batches: Sequence[tuple[Any, ...]]) -> Metric:
    for batch in batches:
        metric.update(*batch)
    return metric


def same(found: Any, expected: Any, rel: float = 1e-5, abs: float = 1e-6) -> bool:
    """Compare results of ``compute`` with numbers, or with each other; NaN equals NaN."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(same(found[key], expected[key], rel, abs) for key in expected)
    one, other = (np.asarray(x.double() if isinstance(x, torch.Tensor) else x) for x in (found, expected))
    return one.shape == other.shape and np.allclose(one, other, rel, abs, equal_nan=True)


def _mean_change(batches: Sequence[tuple[dict[str, float]]]) -> float:
    means = {name: math.fsum(values[name] for (values,) in batches) / len(batches) for name in NAMES}
    signs = {"miou": -1, "error": 1}
    return sum(signs[name] * 100 * (means[name] - BASELINE[name]) / BASELINE[name] for name in NAMES) / 2


def _mean_ranks(batches: Sequence[tuple[str, dict[str, float]]]) -> list[float]:
    last = dict(batches)
    costs = [
        {name: last[method][name] * (-1 if name == "miou" else 1) if method in last else math.inf for name in NAMES}
        for method in METHODS
    ]
    ranks = [[1 + sum(other[name] < cost[name] for other in costs) for name in NAMES] for cost in costs]
    return [sum(row) / 2 for row in ranks]


def epochs_of(batches: Sequence[tuple[dict[str, float]]]) -> list[int]:
    """When each metric converges."""
    converged = []
    for name in NAMES:
        sign = 1 if name == "miou" else -1
        best, when = batches[0][0][name], 1
        for epoch, (values,) in enumerate(batches, start=1):
            if sign * (values[name] - best) > 0.01 * abs(best):
                best, when = values[name], epoch
        converged.append(when)
    return converged


def _spread_of_epochs(batches: Sequence[tuple[dict[str, float]]]) -> float:
    return float(np.std(epochs_of(batches)))


def _shares(batches: Sequence[tuple[torch.Tensor]]) -> list[list[float]]:
    steps = np.array([groups.tolist() for (groups,) in batches])
    shares = np.zeros((NUM_TASKS, NUM_TASKS))
    for row, column in np.ndindex(shares.shape):
        both = steps[(steps[:, row] >= 0) & (steps[:, column] >= 0)]
        shares[row, column] = np.mean(both[:, row] == both[:, column]) if len(both) else 0
    return shares.tolist()


def _stability(batches: Sequence[tuple[torch.Tensor]]) -> dict[str, float]:
    from sklearn.metrics import adjusted_rand_score

    rows = []
    for before, now in pairwise(groups.tolist() for (groups,) in batches):
        known = [(old, new) for old, new in zip(before, now, strict=True) if old >= 0 and new >= 0]
        alike = [(a[0] == b[0]) == (a[1] == b[1]) for a, b in combinations(known, 2)]
        moves = sum(old != new for old, new in known)
        adjusted = adjusted_rand_score(*zip(*known, strict=True)) if len(known) > 1 else 1.0
        rows.append([np.mean(alike) if alike else 1.0, adjusted, moves, moves == 0])
    means = np.mean(rows, axis=0) if rows else np.full(4, np.nan)
    return dict(zip(["rand", "adjusted_rand", "moves", "held"], means.tolist(), strict=True))


def _depth(batches: Sequence[tuple[torch.Tensor, torch.Tensor]], by_batch: bool = False) -> dict[str, float]:
    found = []
    for prediction, target in ((p.double().numpy(), t.double().numpy()) for p, t in batches):
        error = np.abs(prediction - target)[target != 0]
        found.append(np.stack([error, error / target[target != 0]]))
    means = [pixels.mean(1) for pixels in found] if by_batch else [np.concatenate(found, axis=1).mean(1)]
    return dict(zip(["abs_err", "rel_err"], np.mean(means, axis=0).tolist(), strict=True))


def _normals(batches: Sequence[tuple[torch.Tensor, torch.Tensor]], by_batch: bool = False) -> dict[str, float]:
    found = []
    for prediction, target in batches:
        p, t = (np.moveaxis(x.double().numpy(), 1, -1).reshape(-1, 3) for x in (prediction, target))
        cosine = (p * t).sum(1) / np.linalg.norm(p, axis=1) / np.linalg.norm(t, axis=1)
        found.append(np.degrees(np.arccos(cosine)))
    rows = [
        [a.mean(), np.median(a), *(100 * np.mean(a < limit) for limit in (11.25, 22.5, 30))]
        for a in (found if by_batch else [np.concatenate(found)])
    ]
    keys = ["normal_mean", "normal_median", "within_11.25", "within_22.5", "within_30"]
    return dict(zip(keys, np.mean(rows, axis=0).tolist(), strict=True))


def _segmentation(batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> dict[str, float]:
    labels = np.concatenate([target.numpy().ravel() for _, target in batches])
    guesses = np.concatenate([np.argmax(logits.numpy(), axis=1).ravel() for logits, _ in batches])
    guesses, labels = guesses[labels >= 0], labels[labels >= 0]
    overlaps = [((guesses == c) & (labels == c)).sum() / ((guesses == c) | (labels == c)).sum() for c in range(3)]
    return {"miou": 100 * float(np.mean(overlaps)), "pixel_accuracy": 100 * float(np.mean(guesses == labels))}


def _f1(batches: Sequence[tuple[torch.Tensor, torch.Tensor]]) -> list[float]:
    decided, there = (np.concatenate([batch[i].numpy() > 0 for batch in batches]) for i in (0, 1))
    return list(2 * (decided & there).sum(0) / (decided.sum(0) + there.sum(0)))


_random = np.random.default_rng(0)


def _maps(*shape: int) -> torch.Tensor:
    return torch.from_numpy(_random.standard_normal(shape).astype(np.float32))


_GROUPS = [(torch.tensor(groups),) for groups in ([0, 0, 1, 2], [0, 1, 1, 2], [0, 1, -1, 1], [0, 1, 1, 1])]
_ERRORS = [({"miou": m, "error": e},) for m, e in ((30.0, 3.0), (40.0, 2.0), (40.1, 1.0), (40.2, 0.5))]
_RANKED = [(method, *errors) for method, errors in zip([*METHODS, "LS"], _ERRORS, strict=True)]
_DEPTHS = [(_maps(2, 1, 3, 4), _maps(2, 1, 3, 4).abs() + 0.5) for _ in range(3)] + [(_maps(1, 4), torch.ones(1, 4))]
_UNITS = [torch.nn.functional.normalize(_maps(2, 3, 3, 4), dim=1) for _ in range(4)]
_NORMALS = [(unit + 0.3 * _maps(2, 3, 3, 4), unit) for unit in _UNITS]
_LABELS = [torch.from_numpy(_random.integers(-1, NUM_CLASSES, (2, 3, 4))) for _ in range(4)]
_LOGITS = [(_maps(2, NUM_CLASSES, 3, 4), label) for label in _LABELS]

_FACES = [(_maps(6, NUM_TASKS), torch.from_numpy(_random.random((6, NUM_TASKS)) < 0.5)) for _ in range(4)]

EXAMPLES = {
    "AttributeScores": Example((NUM_TASKS,), _FACES, _f1, [(2,), (5,)]),
    "BatchMeanDepthErrors": Example((), _DEPTHS, lambda batches: _depth(batches, by_batch=True)),
    "BatchMeanNormalErrors": Example((), _NORMALS, lambda batches: _normals(batches, by_batch=True)),
    "CoAssignment": Example((NUM_TASKS,), _GROUPS, _shares, [(1,), (5,)]),
    "ConvergenceDifference": Example(
        (NAMES, ["miou"]),
        _ERRORS,
        _spread_of_epochs,
        [(NAMES[::-1], ["miou"]), (NAMES, ["error"]), (NAMES,), (NAMES, ["miou"], 0.5), (["a", "b"], ["a"])],
        before=len(_ERRORS),
    ),
    "DeltaM": Example(
        (BASELINE, ["miou"]),
        _ERRORS,
        _mean_change,
        [({"error": 2.6, "miou": 38.3}, ["miou"]), (BASELINE,), ({"miou": 1.0, "error": 2.0}, ["miou"])],
    ),
    "DepthErrors": Example((), _DEPTHS, _depth),
    "GroupStability": Example((NUM_TASKS,), _GROUPS, _stability, [(1,), (5,)], before=1),
    "MeanRank": Example(
        (METHODS, NAMES, ["miou"]),
        _RANKED,
        _mean_ranks,
        [(METHODS[::-1], NAMES, ["miou"]), (METHODS, NAMES[::-1], ["miou"]), (METHODS, NAMES)],
    ),
    "NormalErrors": Example((), _NORMALS, _normals),
    "SegmentationScores": Example((NUM_CLASSES,), _LOGITS, _segmentation, [(1,), (2,), (5,)]),
}
