"""What a study's engine costs per run, beside Optuna's and Ray Tune's."""

import logging
import os
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import lightning.pytorch as pl
import psutil
import yaml
from rich.console import Console
from rich.table import Table

from lightning_go4align.studies.engines import Engine
from lightning_go4align.studies.engines.local import LocalEngine, local_engine
from lightning_go4align.studies.execution import execute
from lightning_go4align.studies.logs import last_value
from lightning_go4align.studies.machine import this_machine
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.resources import Resources
from lightning_go4align.studies.study import Method, Study
from lightning_go4align.studies.watching import Watcher
from perf.tables import table
from perf.tiny_task import TinyTasks

RATE = "model.init_args.learning_rate"
CONFIG = {
    "trainer": {"max_epochs": 1, "devices": 1, "accelerator": "cpu", "num_sanity_val_steps": 0},
    "model": {"class_path": "perf.tiny_task.TinyTasks"},
}


class Cost(NamedTuple):
    """What runs took.

    Args:
        seconds: From the first to the end of the last.
        cpu_seconds: Of all processes that take part; of Ray those that train alone.
        training: Seconds in epochs of training, of one run: median.
    """

    seconds: float
    cpu_seconds: float
    training: float


def study_overhead(runs: int = 100, jobs: int = 2, interpreter_runs: int = 10) -> Iterator[Table]:
    """Train the same tiny module many times, with nothing to do but to keep the runs apart.

    Ray Tune is left out unless ``ray[tune]`` is installed.

    Args:
        runs: Number of runs.
        jobs: Number of runs side by side.
        interpreter_runs: Number of runs that have an interpreter each, which take longest.

    Yields:
        A table of seconds per run.
    """
    contenders: dict[str, tuple[int, Callable[[int, int], Cost]]] = {
        "a study, forks": (runs, _forks),
        "a study, an interpreter each": (interpreter_runs, _interpreters),
        "Optuna, threads of one process": (runs, _optuna),
        "Ray Tune, a worker each": (runs, _ray_tune),
    }
    costs = table(f"Seconds per run, {jobs} side by side", "engine", "runs", "a run every", "CPU", "training in it")
    for name, (number, measure) in contenders.items():
        try:
            seconds, cpu_seconds, training = measure(number, jobs)
        except ImportError as error:
            costs.add_row(name, "-", f"needs {error.name or 'ray[tune]'}", "-", "-")
            continue
        per_run = (f"{value:.2f}" for value in (seconds / number, cpu_seconds / number, training))
        costs.add_row(name, str(number), *per_run)
    yield costs


def _forks(runs: int, jobs: int) -> Cost:
    return _study(runs, local_engine(this_machine(jobs, gpus=[]), Resources()))


def _interpreters(runs: int, jobs: int) -> Cost:
    return _study(runs, LocalEngine(this_machine(jobs, gpus=[]), Resources()))


def _study(runs: int, engine: Engine) -> Cost:
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder, "base.yaml")
        config.write_text(yaml.safe_dump(CONFIG))
        study = Study([str(config)], {"sum": Method()}, ["val/error"], folder=folder, seeds=list(range(runs)))
        planned = make_plan(study).runs
        start, cpu_start = time.perf_counter(), _cpu_seconds()
        with Watcher("study", runs, Console(quiet=True)) as watcher:
            outcome = execute(planned, engine, watcher)
        seconds, cpu_seconds = time.perf_counter() - start, _cpu_seconds() - cpu_start
        if outcome.failures:
            raise RuntimeError(str(outcome))
        training = [last_value(run.folder, "train/seconds") or 0.0 for run in planned]
    return Cost(seconds, cpu_seconds, statistics.median(training))


def _cpu_seconds() -> float:
    """Of this process and those below it: each counts its own that have ended."""
    ours = psutil.Process()
    return sum(sum(process.cpu_times()[:4]) for process in (ours, *ours.children(recursive=True)))


def _train(seed: int, rate: float) -> dict[str, float]:
    """One training, as people write it for other engines."""
    pl.seed_everything(seed, verbose=False)
    options: dict[str, Any] = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    trainer = pl.Trainer(**CONFIG["trainer"], **options, enable_model_summary=False)  # type: ignore[arg-type]  # YAML
    trainer.fit(TinyTasks(learning_rate=rate))
    metrics = trainer.callback_metrics
    return {"error": metrics["val/error"].item(), "seconds": metrics["train/seconds"].item()}


def _optuna(runs: int, jobs: int) -> Cost:
    import optuna

    seconds = []

    def objective(trial: optuna.Trial) -> float:
        found = _train(trial.number, trial.suggest_float("rate", 1e-3, 1e-1, log=True))
        seconds.append(found["seconds"])
        return found["error"]

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    start, cpu_start = time.perf_counter(), _cpu_seconds()
    optuna.create_study().optimize(objective, n_trials=runs, n_jobs=jobs)
    return Cost(time.perf_counter() - start, _cpu_seconds() - cpu_start, statistics.median(seconds))


def _ray_tune(runs: int, jobs: int) -> Cost:
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_AIR_NEW_OUTPUT": "0", "PYTHONWARNINGS": "ignore"}
    import ray
    from ray import tune

    def objective(config: dict[str, float]) -> None:
        warnings.filterwarnings("ignore")
        found = _train(int(config["seed"]), config["rate"])
        tune.report({**found, "process": os.getpid(), "cpu_seconds": time.process_time()})

    start = time.perf_counter()
    ray.init("local", num_cpus=jobs, log_to_driver=False, include_dashboard=False, logging_level=logging.ERROR)
    with tempfile.TemporaryDirectory() as folder:
        space = {"seed": tune.grid_search(list(range(runs))), "rate": tune.loguniform(1e-3, 1e-1)}
        run_config = tune.RunConfig(storage_path=folder, verbose=0)
        results = tune.Tuner(objective, param_space=space, run_config=run_config).fit()
        seconds = time.perf_counter() - start
    ray.shutdown()
    if results.errors:
        raise RuntimeError(str(results.errors[0]))
    found = [results[number].metrics or {} for number in range(runs)]
    used: dict[int, float] = {}
    for one in found:
        used[one["process"]] = max(one["cpu_seconds"], used.get(one["process"], 0.0))
    return Cost(seconds, sum(used.values()), statistics.median(one["seconds"] for one in found))
