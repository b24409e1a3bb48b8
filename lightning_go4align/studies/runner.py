"""A study from its file to its tables: plan, execute, collect."""

from dataclasses import replace
from pathlib import Path

from rich.console import Console
from rich.text import Text

from lightning_go4align.studies.baselines import check_baseline, read_baseline
from lightning_go4align.studies.choosing import not_chosen
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.engines import Engine
from lightning_go4align.studies.engines.local import local_engine
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.names import in_a_command
from lightning_go4align.studies.page import write_page
from lightning_go4align.studies.plan import Plan, make_plan
from lightning_go4align.studies.printed_plan import estimate, print_plan
from lightning_go4align.studies.printed_results import print_results
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.results import Results
from lightning_go4align.studies.single_tasks import needs_baseline, single_tasks, with_baseline
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tables import write_tables
from lightning_go4align.studies.watching import Watcher
from lightning_go4align.words import counted

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


def carry_out(plan: Plan, engine: Engine, command: str | None = None, before: Outcome | None = None) -> None:
    """Execute a plan, collect, and write, as :func:`run_study` does.

    Args:
        plan: The plan.
        engine: What carries the runs out.
        command: What makes all of it, for the page to say; the study's own if not given.
        before: What became of runs that it needed, if any.

    Raises:
        SystemExit: If a run failed; of single-task networks before any other runs, if one is missing then.
    """
    outcome = before or Outcome()
    if needs_baseline(plan.study):
        study, outcome = train_baseline(plan.study, engine)
        plan = make_plan(study)
    _, performed = _perform(plan, engine, command or f"go4align study {in_a_command(plan.study.name)}")
    _refuse_failures(outcome + performed)


def train_baseline(study: Study, engine: Engine) -> tuple[Study, Outcome]:
    """Train a study's single-task networks, if it has any to train.

    Args:
        study: The study.
        engine: What carries the runs out.

    Returns:
        The study with the baseline that they make, and what became of the runs: a learning rate may have failed.

    Raises:
        ValueError: If one has no number to compare with.
        SystemExit: If a network is missing, since its runs failed.
    """
    if not needs_baseline(study):
        return study, Outcome()
    alone = make_plan(single_tasks(study))
    results, outcome = _perform(alone, engine, f"go4align study {in_a_command(study.name)}")
    if len(results.rows) < results.planned:
        _refuse_failures(outcome)
    known = with_baseline(study)
    check_baseline(known, read_baseline(str(known.baseline)))
    return known, outcome


def _perform(plan: Plan, engine: Engine, command: str) -> tuple[Results, Outcome]:
    console = Console()
    plan, outcome = _execute(plan, engine, console)
    if outcome.failures:
        failed = {name: plan.failed_rates(name) for name in plan.study.methods}
        said = [not_chosen(name, rates, plan.study.learning_rates) for name, rates in failed.items() if rates]
        Console(stderr=True).print(Text("\n".join([str(outcome), *said])), soft_wrap=True)
    results = collect(plan)
    _write(plan, results, console, command)
    return results, outcome


def _refuse_failures(outcome: Outcome) -> None:
    if outcome.failures:
        raise SystemExit(f"{counted(len(outcome.failures), 'run')} failed, as said above.")


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


def _execute(plan: Plan, engine: Engine, console: Console) -> tuple[Plan, Outcome]:
    """Run the search for learning rates, if there is one, and what depends on it; the plan knows what was tried."""
    outcome = Outcome()
    while runs := [run for run in plan.again().runs if run.folder not in plan.tried]:
        with Watcher(plan.study.name, len(runs), console) as watcher:
            outcome += execute(runs, engine, watcher)
        plan = replace(plan, tried=plan.tried | {run.folder for run in runs})
    return plan, outcome


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
