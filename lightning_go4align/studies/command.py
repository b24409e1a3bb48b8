"""The commands ``go4align study`` and ``go4align tune``."""

import time
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any, Literal

from rich.console import Console
from rich.text import Text

from lightning_go4align.studies.checking import Refusals, check_configs
from lightning_go4align.studies.engines import Engine
from lightning_go4align.studies.engines.local import local_engine
from lightning_go4align.studies.execution import Outcome
from lightning_go4align.studies.fetching import fetch_finished
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.names import in_a_command
from lightning_go4align.studies.plan import Plan, make_plan
from lightning_go4align.studies.printed_plan import print_plan
from lightning_go4align.studies.runner import carry_out, checked_plan, run_study, train_baseline
from lightning_go4align.studies.single_tasks import needs_baseline, single_tasks, with_baseline
from lightning_go4align.studies.study import Study

EngineName = Literal["local", "ray", "slurm"]


def study(
    file: Path,
    jobs: int = 1,
    dry_run: bool = False,
    engine: EngineName = "local",
    gpus: str | None = None,
    address: str | None = None,
    slurm: dict[str, Any] | None = None,
    results_from: str | None = None,
    refusals: Refusals | None = None,
) -> None:
    """Run a study: every combination of its methods and seeds, then tables and figures.

    Args:
        file: YAML file of the study.
        jobs: Number of runs side by side on this machine.
        dry_run: Print the plan with an estimate of its time instead.
        engine: Where runs run: processes of this machine, tasks of a Ray cluster, or jobs of SLURM.
        gpus: GPUs of this machine to use, as CUDA_VISIBLE_DEVICES names them; all that CUDA shows if not given.
        address: Of the Ray cluster; what RAY_ADDRESS names, or a new one, if not given.
        slurm: Arguments of submitit's executor, such as {slurm_partition: gpu, timeout_min: 240}.
        results_from: Where runs may be finished already: another folder of this study, or an address of fsspec.
        refusals: Says what is wrong with configurations, before anything runs; not asked if not given.
    """
    if results_from is not None:
        _fetch(checked_plan(file, jobs), results_from)
    if dry_run:
        run_study(file, jobs, dry_run=True)
    plan = checked_plan(file, jobs)
    _check_configs(plan, refusals)
    if dry_run:
        return
    chosen = make_engine(plan.study, engine, jobs, gpus, address, slurm)
    carry_out(plan, chosen)


def _check_configs(plan: Plan, refusals: Refusals | None) -> None:
    if refusals is None:
        return
    if needs_baseline(plan.study):
        check_configs(make_plan(single_tasks(plan.study)), refusals)
    check_configs(plan, refusals)


def _fetch(plan: Plan, address: str) -> None:
    while fetched := fetch_finished(plan.runs, address):  # what learning rates were chosen by may come first
        Console().print(Text(f"{len(fetched)} finished runs from {address}"), soft_wrap=True)
        plan = plan.again()


def tune(
    file: Path,
    hours: float = 1.0,
    jobs: int = 1,
    dry_run: bool = False,
    engine: EngineName = "local",
    gpus: str | None = None,
    address: str | None = None,
    slurm: dict[str, Any] | None = None,
) -> None:
    """Search a study's methods and settings, and judge the best against its reference with paired seeds.

    Args:
        file: YAML file of the study, with a section `search` and a `reference`.
        hours: Time for all; finalists are given what they will need of it.
        jobs: Number of runs side by side.
        dry_run: Print what would be searched and run, with an estimate of how much the time holds, instead.
        engine: Where runs run: processes of this machine, tasks of a Ray cluster, or jobs of SLURM.
        gpus: GPUs of this machine to use, as CUDA_VISIBLE_DEVICES names them; all that CUDA shows if not given.
        address: Of the Ray cluster; what RAY_ADDRESS names, or a new one, if not given.
        slurm: Arguments of submitit's executor, such as {slurm_partition: gpu, timeout_min: 240}.
    """
    plan = checked_plan(file, jobs)
    check_search(plan.study)
    if dry_run:
        _print_search(plan.study, hours, jobs)
        return
    chosen = make_engine(plan.study, engine, jobs, gpus, address, slurm)
    decides, before = _finals(plan.study, chosen, jobs, hours, Console())
    command = f"go4align tune {in_a_command(plan.study.name)} --hours {hours:g} --jobs {jobs}"
    carry_out(make_plan(decides), chosen, command, before)


def check_search(study: Study) -> None:
    """Refuse a study that cannot be searched.

    Raises:
        ValueError: If it says not what to search, or by what to judge.
    """
    if study.search is None or study.reference is None:
        raise ValueError("`go4align tune` needs a `search` and a `reference` in the study. Add what is missing.")
    if study.search.seed in study.seeds:
        raise ValueError(
            f"`search.seed` must be none of `seeds`, by which finalists are judged, but is {study.search.seed}."
        )
    for name, entry in study.search.space.items():
        if unknown := sorted(set(entry.get("methods", [])) - set(study.methods)):
            raise ValueError(f"`search.space.{name}.methods` may name {list(study.methods)}, but names {unknown}.")


def _print_search(study: Study, hours: float, jobs: int) -> None:
    print_search = _needing_optuna("printed_search").print_search
    console = Console()
    if needs_baseline(study):
        print_plan(make_plan(single_tasks(study)), console)
    print_search(with_baseline(study), hours, jobs, console)


def _needing_optuna(module: str) -> Any:
    try:
        return import_module(f"lightning_go4align.studies.{module}")
    except ModuleNotFoundError as error:
        raise ImportError(f"The search needs {error.name}. `pip install 'lightning-go4align[tune]'`.") from error


def _finals(study: Study, engine: Engine, jobs: int, hours: float, console: Console) -> tuple[Study, Outcome]:
    search = _needing_optuna("tuning")
    deadline = time.monotonic() + 3600 * hours
    study, outcome = train_baseline(study, engine)
    tuning = search.Tuning(study, engine, jobs, deadline, console)
    decides: Study = search.finals(study, tuning.run())
    folder = Path(decides.folder) / decides.name
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "search.md").write_text(tuning.table)
    return decides, outcome


def make_engine(
    study: Study,
    name: EngineName,
    jobs: int = 1,
    gpus: str | None = None,
    address: str | None = None,
    slurm: Mapping[str, Any] | None = None,
) -> Engine:
    """Make the engine of a study; arguments are those of :func:`study`.

    Raises:
        ImportError: If the package is missing that the engine needs.
        ValueError: If the engine can never run a run of the study.
    """
    named = None if gpus is None else [gpu.strip() for gpu in gpus.split(",") if gpu.strip()]
    makers: dict[EngineName, Callable[[], Engine]] = {
        "local": lambda: local_engine(this_machine(jobs, named), study.resources),
        "ray": lambda: _ray(study, address),
        "slurm": lambda: _slurm(study, slurm),
    }
    try:
        return makers[name]()
    except ModuleNotFoundError as error:
        raise ImportError(
            f"The engine {name} needs {error.name}. `pip install 'lightning-go4align[{name}]'`."
        ) from error


def _ray(study: Study, address: str | None) -> Engine:
    from lightning_go4align.studies.engines.ray import RayEngine

    return RayEngine(study.resources, address)


def _slurm(study: Study, options: Mapping[str, Any] | None) -> Engine:
    from lightning_go4align.studies.engines.slurm import SlurmEngine

    return SlurmEngine(study.resources, Path(study.folder) / study.name / "slurm", dict(options or {}))
