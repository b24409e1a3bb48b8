"""Refusing configurations that ``go4align fit`` would not take, before any run."""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lightning_go4align.studies.configuration import write_config
from lightning_go4align.studies.forks import called_apart
from lightning_go4align.studies.plan import Plan, Run

Refusals = Callable[[Sequence[str]], list[str | None]]


def check_configs(plan: Plan, refusals: Refusals) -> None:
    """Look at a configuration of each method of which no run is finished.

    Args:
        plan: The plan.
        refusals: Says what is wrong with files, None for nothing; called in a process of its own.

    Raises:
        ValueError: If one is refused.
    """
    finished = {run.method for run in plan.runs if run.is_finished}
    first = {run.method: run for run in reversed(plan.runs) if run.method not in finished}
    if not first:
        return
    with tempfile.TemporaryDirectory() as folder:
        files = [_written(run, Path(folder) / str(number)) for number, run in enumerate(first.values())]
        said: dict[str, str | None] = dict(zip(first, called_apart(refusals, files), strict=True))
    refused = [method for method in plan.study.methods if said.get(method)]
    if refused:
        others = f" Nor can {', '.join(map(repr, refused[1:]))}." if refused[1:] else ""
        raise ValueError(f"{refused[0]!r} cannot be trained: {said[refused[0]]}{others}")


def _written(run: Run, folder: Path) -> str:
    folder.mkdir()
    return str(write_config(replace(run, folder=folder)))
