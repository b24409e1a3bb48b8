"""Runs in a process of its own, under ``TRITON_INTERPRET=1``: the kernels beside NumPy, on hostile steps.

Prints a line for each step whose numbers differ, and at the end how many steps were compared.
"""

import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

import numpy as np
import torch
from torch import Tensor

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.functional import weighing
from lightning_go4align.methods import go4align, robust_launch
from perf.gpu_kit.robust_proof import nearly_tied

Method = GO4Align | RobustGO4Align
KINDS = np.array([0.0, -1.0, 1e-40, 3e38, np.nan, np.inf, -np.inf, 1.0, 2.0, 1.0, 2.0])


def hostile(num_tasks: int, number: int, seed: int) -> Iterator[Tensor]:
    """Losses over six decades, ties, outliers, and the kinds that break other code; some steps have no task."""
    rng = np.random.default_rng(seed)
    for step in range(number):
        losses = 10 ** rng.uniform(-3, 3, num_tasks)
        losses[1::4] = (1 + 1e-3 * rng.standard_normal(num_tasks))[1::4] * (-1e6 if step % 5 == 4 else 1.0)
        bad = rng.random(num_tasks) < (1.0 if step == 3 else 0.3 * (step > 1))
        yield torch.from_numpy(np.where(bad, rng.choice(KINDS[:1] if step == 3 else KINDS, num_tasks), losses))


def by_kernel(method: Method, losses: Tensor) -> None:
    """Take the step as on a CUDA device."""
    with (
        mock.patch.object(weighing, "fits_one_launch", return_value=True),
        mock.patch.object(go4align, "fits_one_launch", return_value=True),
        mock.patch.object(robust_launch, "fits_one_launch", return_value=True),
        mock.patch.object(weighing, "is_readable", return_value=False),
        mock.patch.object(robust_launch, "is_readable", return_value=False),
    ):
        method(losses)


def differing(kernel: Method, numpy: Method) -> list[str]:
    assert kernel.grouping is not None
    assert numpy.grouping is not None
    found: dict[str, Any] = {
        "indicators": (kernel.indicators, numpy.indicators),
        "task_weights": (kernel.task_weights, numpy.task_weights),
        "assignment": (kernel.grouping.assignment, numpy.grouping.assignment),
        "group_weights": (kernel.grouping.group_weights, numpy.grouping.group_weights),
    }
    states = numpy.state_dict()
    found |= {name: (state, states[name]) for name, state in kernel.state_dict().items()}
    # Scores are kept in float32, and are differences of numbers a hundred times as large.
    return [
        name
        for name, (own, other) in found.items()
        if not np.allclose(
            own.numpy(), other.numpy(), rtol=1e-10, atol=2e-4 if "criterion" in name else 0, equal_nan=True
        )
    ]


def automatic() -> GO4Align:
    return GO4Align(None, clustering=AutomaticKMeans())


CASES: dict[str, tuple[Callable[[], Method], list[int]]] = {
    "K = 1": (lambda: GO4Align(1), [1, 17]),
    "K = 2": (lambda: GO4Align(2, 0.1, "mean"), [2, 3]),
    "K = 5": (lambda: GO4Align(5), [5, 11, 40, 64]),
    "K chosen": (automatic, [1, 11, 16]),
    "robust, K = 2": (lambda: RobustGO4Align(2), [2, 3]),
    "robust, each task alone": (lambda: RobustGO4Align(clustering=ungrouped), [3, 40]),
    "robust, K chosen": (RobustGO4Align, [1, 11, 40]),
    "robust, K chosen, own weights": (lambda: RobustGO4Align(reach=1), [11]),
}


def main() -> None:
    steps, seed = int(sys.argv[1]), int(sys.argv[2])
    warnings.simplefilter("ignore")  # of 0 / 0 where it is masked
    total = 0
    for name, (make, sizes) in CASES.items():
        for num_tasks in sizes:
            kernel, numpy = make(), make()
            for step, losses in enumerate(hostile(num_tasks, steps, seed)):
                by_kernel(kernel, losses)
                numpy(losses)
                if nearly_tied(numpy):
                    kernel.load_state_dict(numpy.state_dict())
                    continue
                total += 1
                for what in differing(kernel, numpy):
                    print(f"{name}, M = {num_tasks}, step {step}: {what} differ")
    print(f"{total} steps")


if __name__ == "__main__":
    main()
