r"""Measure the single-task networks that a configuration's multi-task networks are compared with.

One network a target is trained and tested by ``python -m lightning_go4align fit``, with the configuration's budget
and seed. ``quick_stl.json`` of this package was written by::

    python -m lightning_go4align.benchmarks.qm9.single_task lightning_go4align/benchmarks/qm9/quick_stl.json \
        configs/qm9/base.yaml configs/qm9/quick.yaml configs/qm9/ls.yaml
"""

import argparse
import csv
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.progress import track

from lightning_go4align.benchmarks.qm9.targets import TARGETS


def single_task_error(target: str, configs: Sequence[str], folder: Path) -> float:
    """Train and test the network of one target, with one thread.

    Args:
        target: Its name.
        configs: Files of the ``fit`` command, in its order.
        folder: Where logs, checkpoints and the command's output go.

    Returns:
        Mean absolute error of the test, in published units.

    Raises:
        subprocess.CalledProcessError: If the command fails; what it said is in ``<folder>/<target>.log``.

    Example: ``single_task_error("mu", ["configs/qm9/base.yaml", "configs/qm9/ls.yaml"], Path("logs"))``
    """
    command = [sys.executable, "-m", "lightning_go4align", "fit"]
    command += [part for config in configs for part in ("-c", config)]
    command += [f"--model.init_args.targets=[{target}]", "--model.init_args.baseline=published.json"]
    command += [f"--trainer.logger.init_args.save_dir={folder / target}", "--trainer.enable_progress_bar=false"]
    with (folder / f"{target}.log").open("w") as log:
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, stdout=log, stderr=subprocess.STDOUT, env=environment)
    (metrics,) = (folder / target).rglob("metrics.csv")
    with metrics.open(newline="") as file:
        tested = [row[f"test/{target}"] for row in csv.DictReader(file) if row.get(f"test/{target}")]
    return float(tested[-1])


def main(arguments: Sequence[str] | None = None) -> None:
    """Train one network a target and write their errors to a file.

    Args:
        arguments: Of the command line; those of the process if not given.

    Example:
        >>> main(["--help"])
        Traceback (most recent call last):
        SystemExit: 0
    """
    parser = argparse.ArgumentParser(
        prog="python -m lightning_go4align.benchmarks.qm9.single_task", description=__doc__
    )
    parser.add_argument("output", type=Path, help="JSON file to write, for `model.baseline`")
    parser.add_argument("configs", nargs="+", help="files of the fit command, with any method")
    parser.add_argument("--processes", type=int, default=2, help="networks trained at the same time")
    parser.add_argument("--folder", type=Path, help="where to keep logs and checkpoints; nowhere by default")
    options = parser.parse_args(arguments)
    names = [target.name for target in TARGETS]
    with tempfile.TemporaryDirectory() as temporary, ThreadPoolExecutor(options.processes) as pool:
        folder = options.folder or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        found = pool.map(lambda name: single_task_error(name, options.configs, folder), names)
        errors = dict(zip(names, track(found, "Single-task networks", total=len(names)), strict=True))
    about = f"Single-task test errors of {' '.join(options.configs)}, in published units."
    options.output.write_text(json.dumps({"about": about, "errors": errors}, indent=2) + "\n")


if __name__ == "__main__":
    main()
