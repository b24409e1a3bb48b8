"""A study from its file to its tables."""

import json
import statistics
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lightning_go4align.studies.baselines import baseline_of
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.execution import epochs_done, execute
from lightning_go4align.studies.plan import Run, chosen_run, planned_runs
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tables import write_tables
from lightning_go4align.studies.watching import Watcher


def run_study(config: Path, jobs: int = 1, dry_run: bool = False) -> None:
    """Run a study: each of its methods with each seed, then its tables and figures.

    What is finished is not run again, what was interrupted goes on from its last epoch. Each run has one thread,
    unless the environment sets ``OMP_NUM_THREADS``. Needs a POSIX system.

    Args:
        config: YAML file of the study, see :class:`~lightning_go4align.studies.study.Study`.
        jobs: Number of runs side by side, at least 1.
        dry_run: Print the plan with an estimate of its time instead.

    Raises:
        SystemExit: If a run failed, after all others have finished and all is written; failures are named before.

    Example: ``run_study(Path("configs/studies/qm9_comparison.yaml"), jobs=2)``
    """
    study, console = checked_study(config, jobs), Console()
    if dry_run:
        _print_plan(study, jobs, console)
        return
    failures = _execute(study, jobs, console)
    if failures:
        named = "\n".join([f"{len(failures)} runs failed:", *map(": ".join, failures.items())])
        Console(stderr=True).print(Text(named), soft_wrap=True)
    _write(study, console)
    if failures:
        raise SystemExit(f"{len(failures)} runs failed, as said above.")


def checked_study(config: Path, jobs: int = 1) -> Study:
    """Read a study with all that can be wrong with it before anything runs.

    Args:
        config: YAML file of the study.
        jobs: Number of runs side by side.

    Returns:
        The study.

    Raises:
        ValueError: If it cannot be, or ``jobs`` is below 1.
        OSError: If a file is missing.
    """
    if jobs < 1:
        raise ValueError(f"`jobs` must be at least 1, but is {jobs}.")
    study = read_study(config)
    baseline_of(study)
    return study


def _execute(study: Study, jobs: int, console: Console) -> dict[str, str]:
    """Run the search for learning rates, if there is one, and what depends on it."""
    failures: dict[str, str] = {}
    tried: set[Path] = set()
    while runs := [run for run in planned_runs(study) if run.folder not in tried]:
        with Watcher(study.name, len(runs), epochs_done, console) as watcher:
            failures |= execute(runs, jobs, watcher)
        tried |= {run.folder for run in runs}
    return failures


def _write(study: Study, console: Console) -> None:
    results = collect(study)
    if not results.rows:
        return
    folder = Path(study.folder) / study.name
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(results, folder)
    for output in study.outputs:
        output(results, folder)
    console.print(Text(f"{len(results.rows)} of {results.planned} runs: {folder / 'table.md'}"), soft_wrap=True)


def _print_plan(study: Study, jobs: int, console: Console) -> None:
    runs = planned_runs(study)
    known = {run.method: seconds for run in runs if (seconds := _seconds(run)) is not None}
    usual = statistics.mean(known.values()) if known else None
    estimates = []
    for run in runs:
        estimate = 0.0 if run.is_finished else known.get(run.method, usual)
        estimates.append(estimate)
        state = "finished" if run.is_finished else f"{epochs_done(run.folder)} of {run.num_epochs} epochs done"
        console.print(Text(f"{run.title}: {state}"))
    seeds = {name: study.seeds_of(name) for name in study.methods}
    waiting = sum(len(own) - 1 for name, own in seeds.items() if chosen_run(study, name, own[0]) is None)
    if waiting:
        console.print(f"and {waiting} more once learning rates are chosen")
    if usual is None:
        console.print("No run is finished yet: the time cannot be estimated.")
    else:
        total = sum(filter(None, estimates)) + waiting * usual
        console.print(f"About {total / jobs / 60:.1f} minutes with {jobs} jobs, as finished runs took.")


def _seconds(run: Run) -> float | None:
    """Time that a run took; None if it is unfinished or was interrupted."""
    if not run.is_finished:
        return None
    seconds: float | None = json.loads((run.folder / "finished.json").read_text())["seconds"]
    return seconds
