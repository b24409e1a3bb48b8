"""Run torchmetrics' own MetricTester over every metric of the package, and say why a check does not hold.

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
from torchmetrics import Metric

PROJECT = Path(__file__).parents[2]
REPOSITORY = "https://github.com/Lightning-AI/torchmetrics"
WHY = {
    ("MeanRank", "two processes"): "intended: values of a method that two processes measured are averaged, and the "
    "last update of one process counts (the reference is that of one process)",
    ("ConvergenceDifference", "two processes"): "intended: epochs are a sequence, which two processes cannot share",
    ("GroupStability", "two processes"): "intended: steps are a sequence, which two processes cannot share",
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
        os.environ |= {"PYTEST_REFERENCE_CACHE": folder, "USE_PYTEST_POOL": "1"}
        from unittests.conftest import pytest_sessionstart

        pytest_sessionstart()
        outcomes = Counter(_outcome(name, *check) for name in FED for check in checks(name))
        pytest.pool.terminate()  # type: ignore[attr-defined]  # theirs, and it never joins
    print(f"torchmetrics {torchmetrics.__version__}: {dict(outcomes)}")
    sys.exit(min(outcomes["NOT EXPLAINED"], 1))


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
        "reference_metric": Reference(name),
        "atol": 6e-4,
    }
    synced = {**given, "ddp": True, "metric_args": {"sync_on_compute": True}}
    yield "one process", partial(test, ddp=False, **given)
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
        check()
    except (Exception, pytest.fail.Exception) as error:  # Whatever it is, it is told.
        reason = WHY.get((metric, name), "NOT EXPLAINED")
        said = " ".join(str(error).split())[:150] or type(error).__name__
        print(f"- {metric}, {name}: {said}\n    {reason}", flush=True)
        if name.startswith("two processes"):  # One of them may still wait for the other.
            _restart()
        return "NOT EXPLAINED" if reason == "NOT EXPLAINED" else "explained"
    return "passed"


def _restart() -> None:
    from unittests.conftest import pytest_sessionstart

    pytest.pool.terminate()  # type: ignore[attr-defined]  # theirs
    pytest_sessionstart()


if __name__ == "__main__":
    main()
