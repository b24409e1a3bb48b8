"""Run torchmetrics' own MetricTester over every metric of the package, and say which do not hold.

.ci/torchmetrics_suite                      # fetches the tests of the installed version
.ci/torchmetrics_suite --source CHECKOUT    # a clone of torchmetrics' repository

Their tests need `cachier`. Nothing of theirs is kept in the project.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import torchmetrics
from metric_examples import EXAMPLES
from pairs import FED, KINDS, Reference, batches_of
from pool import ImpatientPool, at_most
from torchmetrics import Metric

PROJECT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/Lightning-AI/torchmetrics"
SECONDS = 120  # A check takes a tenth of it on a slow core.
WHY = {  # What two processes compute that one would not, see `pairs.TOGETHER`.
    "ConvergenceDifference": "epochs are a sequence, which two processes cannot share: the last to converge counts",
    "GroupStability": "steps are a sequence, which two processes cannot share: each compares its own",
    "MeanRank": "a method that both have measured gets the mean of their values, where one process keeps the last",
}


def main() -> None:
    parser = argparse.ArgumentParser(
        "torchmetrics_suite", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--source", type=Path, help="a clone of torchmetrics' repository")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    sys.path.insert(0, str((given.source or _clone()) / "tests"))
    with tempfile.TemporaryDirectory() as folder:
        os.environ |= {"PYTEST_REFERENCE_CACHE": folder, "USE_PYTEST_POOL": "1", "PYTHONWARNINGS": "ignore"}
        _start()
        outcomes = Counter(_outcome(name, *check) for name in FED for check in checks(name))
        pytest.pool.terminate()  # type: ignore[attr-defined]  # theirs
    print(f"torchmetrics {torchmetrics.__version__}: {dict(outcomes)}")
    sys.exit(min(outcomes["failed"], 1))


def _clone() -> Path:
    folder = PROJECT / ".torchmetrics_suite" / torchmetrics.__version__
    if not folder.exists():
        tag = ["--branch", f"v{torchmetrics.__version__}"]
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", *tag, REPOSITORY, str(folder)], check=True)
    return folder


def checks(name: str) -> Iterator[tuple[str, Callable[[], None]]]:
    """Make what their tester checks of a metric, by name."""
    from unittests._helpers.testers import MetricTester, _assert_dtype_support

    test, (preds, target) = MetricTester().run_class_metric_test, batches_of(name)
    made = partial(FED[name], *EXAMPLES[name].arguments)
    given = {
        "preds": preds,
        "target": target,
        "metric_class": made,
        "atol": 6e-4,
        "check_batch": not EXAMPLES[name].before,  # Their reference sees the batch alone.
        "check_dist_sync_on_step": not EXAMPLES[name].before,
    }
    yield "one process", partial(test, ddp=False, reference_metric=Reference(name, 1), **given)
    synced = {**given, "ddp": True, "reference_metric": Reference(name, 2), "metric_args": {"sync_on_compute": True}}
    yield "two processes", partial(test, **synced)
    yield "two processes, synchronised at each step", partial(test, **synced, dist_sync_on_step=True)
    first = EXAMPLES[name].batches[0]
    if len(first) == 2 and isinstance(first[0], torch.Tensor):
        for dtype in (torch.half, torch.bfloat16, torch.double):
            inputs = [[x] for x in first]
            metric = partial(_by_values, KINDS[name](*EXAMPLES[name].arguments))
            check = partial(_assert_dtype_support, None, metric, *inputs, dtype=dtype)
            yield f"given {str(dtype).removeprefix('torch.')}", check


def _by_values(metric: Metric, *batch: Any) -> list[Any]:
    """Their check of precisions knows tensors and lists of them, and no mapping."""
    found = metric(*batch)
    return list(found.values()) if isinstance(found, dict) else [found]


def _outcome(metric: str, name: str, check: Callable[[], None]) -> str:
    try:
        with at_most(SECONDS):
            check()
    except (Exception, pytest.fail.Exception) as error:  # Whatever it is, it is told.
        said = " ".join(str(error).split())[:150] or type(error).__name__
        print(f"- {metric}, {name}: {said}", flush=True)
        if name.startswith("two processes"):  # One of them may still wait for the other.
            pytest.pool.terminate()  # type: ignore[attr-defined]  # theirs
            _start()
        return "failed"
    if name.startswith("two processes") and metric in WHY:
        print(f"- {metric}, {name}: {WHY[metric]}", flush=True)
        return "passed as documented"
    return "passed"


def _start() -> None:
    from unittests.conftest import pytest_sessionstart

    pytest_sessionstart()
    pytest.pool = ImpatientPool(pytest.pool)  # type: ignore[attr-defined]  # theirs


if __name__ == "__main__":
    main()
