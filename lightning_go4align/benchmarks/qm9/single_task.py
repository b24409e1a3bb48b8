"""Single-task networks under the budget of a configuration: ``python -m lightning_go4align.benchmarks.qm9.single_task``.

It trains one network a target with the ``fit`` command, two at a time with one thread each by default, and writes
their test errors. The file in this package is from::

    python -m lightning_go4align.benchmarks.qm9.single_task lightning_go4align/benchmarks/qm9/quick_stl.json \\
        configs/qm9/base.yaml configs/qm9/quick.yaml configs/qm9/ls.yaml
"""

import argparse
import csv
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from lightning_go4align.benchmarks.qm9.targets import TARGETS


def main(arguments: Sequence[str] | None = None) -> None:
    """Train the networks and write their errors.

    Args:
        arguments: Of the command line.

    Example:
        >>> main(["--help"])
        Traceback (most recent call last):
        SystemExit: 0
    """
