"""A study from its file to its tables: plan, execute, collect."""

import json
import statistics
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lightning_go4align.studies.baselines import check_baseline, read_baseline
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.engines import Engine
from lightning_go4align.studies.engines.local import local_engine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.names import in_a_command
from lightning_go4align.studies.page import write_page
from lightning_go4align.studies.plan import Plan, Run, make_plan
from lightning_go4align.studies.printed_plan import print_plan
from lightning_go4align.studies.printed_results import print_results
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.results import Results
from lightning_go4align.studies.single_tasks import needs_baseline, single_tasks, with_baseline
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tables import write_tables
from lightning_go4align.studies.watching import Watcher
from lightning_go4align.words import counted, duration

_OF_STATISTICS = ("statistics.md", "intervals.png", "p_values.png", "seeds_needed.png", "profiles.png")


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
    plan = checked_plan(config, jobs)
    if dry_run:
        first = [make_plan(single_tasks(plan.study))] if needs_baseline(plan.study) else []
        for planned in (*first, make_plan(with_baseline(plan.study))):
            print_plan(planned, Console())
            Console().print(Text(estimate(planned, jobs)))
        return
    carry_out(plan, local_engine(this_machine(jobs), plan.study.resources))


def carry_out(plan: Plan, engine: Engine, command: str | None = None) -> None:
    """Execute a plan, collect, and write, as :func:`run_study` does.

    Args:
        plan: The plan.
        engine: What carries the runs out.
        command: What makes all of it, for the page to say; the study's own if not given.

    Raises:
        SystemExit: If a run failed; of single-task networks before any other runs.
    """
    if needs_baseline(plan.study):
        plan = make_plan(train_baseline(plan.study, engine))
    console = Console()
    outcome = _execute(plan, engine, console)
    if outcome.failures:
        Console(stderr=True).print(Text(str(outcome)), soft_wrap=True)
    _write(plan, collect(plan), console, command or f"go4align study {in_a_command(plan.study.name)}")
    if outcome.failures:
        raise SystemExit(f"{counted(len(outcome.failures), 'run')} failed, as said above.")


def train_baseline(study: Study, engine: Engine) -> Study:
    """Train a study's single-task networks, if it has any to train.

    Args:
        study: The study.
        engine: What carries the runs out.

    Returns:
        The study with the baseline that they make.

    Raises:
        ValueError: If one has no number to compare with.
        SystemExit: If a run failed.
    """
    if not needs_baseline(study):
        return study
    carry_out(make_plan(single_tasks(study)), engine, f"go4align study {in_a_command(study.name)}")
    known = with_baseline(study)
    check_baseline(known, read_baseline(str(known.baseline)))
    return known


def checked_plan(config: Path, jobs: int = 1) -> Plan:
    """Read and plan a study, with all that can be wrong with it before anything runs.

    Args:
        config: YAML file of the study.
        jobs: Number of runs side by side.

    Returns:
        Its plan.

    Raises:
        ValueError: If it cannot be, or ``jobs`` is below 1.
        OSError: If a file is missing.
    """
    if jobs < 1:
        raise ValueError(f"`jobs` must be at least 1, but is {jobs}.")
    plan = make_plan(read_study(config))
    if plan.baseline is not None:
        check_baseline(plan.study, plan.baseline)
    return plan


def _execute(plan: Plan, engine: Engine, console: Console) -> Outcome:
    """Run the search for learning rates, if there is one, and what depends on it."""
    outcome, tried = Outcome(), set[Path]()
    while runs := [run for run in plan.again().runs if run.folder not in tried]:
        with Watcher(plan.study.name, len(runs), console) as watcher:
            outcome += execute(runs, engine, watcher)
        tried |= {run.folder for run in runs}
    return outcome


def _write(plan: Plan, results: Results, console: Console, command: str) -> None:
    study = plan.study
    if not results.rows:
        return
    folder = Path(study.folder) / study.name
    folder.mkdir(parents=True, exist_ok=True)
    before = _pictures(folder)
    write_tables(results, folder)
    for output in study.outputs:
        output(results, folder)
    print_results(results, console)
    for sentence in _statistics(results, folder):
        console.print(Text(sentence), soft_wrap=True)
    pictures = [file for file, when in _pictures(folder).items() if before.get(file) != when]
    page = write_page(plan, folder, command, pictures)
    console.print(Text(f"{len(results.rows)} of {counted(results.planned, 'run')}. Written:"))
    for file in (folder / "table.md", *pictures, page):
        console.print(Text(str(file)), soft_wrap=True)


def _pictures(folder: Path) -> dict[Path, int]:
    """The pictures in a folder, and when each was written."""
    return {file: file.stat().st_mtime_ns for file in sorted(folder.glob("*.png"))}


def _statistics(results: Results, folder: Path) -> list[str]:
    """Write what differences to the reference are worth, if there is one; sentences of them."""
    for name in _OF_STATISTICS:  # of the study before it was changed
        (folder / name).unlink(missing_ok=True)
    if results.reference is None:
        return []
    try:
        from lightning_go4align.studies.statistics_outputs import write_statistics
    except ModuleNotFoundError as error:
        return [f"No intervals and tests: they need {error.name}. `pip install 'lightning-go4align[plot]'`."]
    return write_statistics(results, folder)


def estimate(plan: Plan, jobs: int) -> str:
    """Say how long a plan takes, as finished runs took.

    Args:
        plan: The plan.
        jobs: Number of runs side by side.
    """
    known = {run.method: seconds for run in plan.runs if (seconds := _seconds(run)) is not None}
    if not known:
        return "No run is finished yet: the time cannot be estimated."
    usual = statistics.mean(known.values())
    total = sum(known.get(run.method, usual) for run in plan.runs if not run.is_finished) + plan.waiting * usual
    return f"About {duration(total / jobs)} with {counted(jobs, 'job')}, as finished runs took."


def _seconds(run: Run) -> float | None:
    """Time that a run took; None if it is unfinished or was interrupted."""
    if not run.is_finished:
        return None
    seconds: float | None = json.loads((run.folder / "finished.json").read_text())["seconds"]
    return seconds
