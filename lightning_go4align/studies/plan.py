"""From a study to its runs."""

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lightning_go4align import __version__
from lightning_go4align.studies.baselines import read_baseline
from lightning_go4align.studies.logs import best_value
from lightning_go4align.studies.merge import merged, nested
from lightning_go4align.studies.reading import read_mapping
from lightning_go4align.studies.study import Study


@dataclass(frozen=True)
class Run:
    """One training, with one seed.

    Args:
        method: Name of its method.
        seed: Its seed.
        learning_rate: If the study names it.
        config: Its configuration of ``fit``.
        folder: Its folder, of which the name is a digest of the configuration.
        columns: Metrics that it must log.
    """

    method: str
    seed: int
    learning_rate: float | None
    config: dict[str, Any]
    folder: Path
    columns: tuple[str, ...]

    @property
    def title(self) -> str:
        """What people call it."""
        rate = "" if self.learning_rate is None else f", learning rate {self.learning_rate:g}"
        return f"{self.method}, seed {self.seed}{rate}"

    @property
    def is_finished(self) -> bool:
        """Whether it ran to its end."""
        return (self.folder / "finished.json").is_file()

    @cached_property
    def num_epochs(self) -> int | None:
        """Number of its epochs, if it says so."""
        epochs: int | None = (self.config.get("trainer") or {}).get("max_epochs")
        return epochs


def planned_runs(study: Study) -> list[Run]:
    """List the runs of a study as far as they are known, in the order in which they run.

    First the search for learning rates, then seed after seed, so that what is finished is always paired. Runs that
    wait for a learning rate to be chosen are not known yet.

    Args:
        study: The study.

    Returns:
        Runs, none of them twice.
    """
    runs = [run for name in study.methods for run in candidates(study, name)]
    seeds = dict.fromkeys(seed for name in study.methods for seed in study.seeds_of(name))
    asked = [(name, seed) for seed in seeds for name in study.methods if seed in study.seeds_of(name)]
    runs += [run for name, seed in asked if (run := chosen_run(study, name, seed)) is not None]
    return list({(run.method, run.folder): run for run in runs}.values())


def candidates(study: Study, method: str) -> list[Run]:
    """List the runs among which a method's learning rate is chosen: none if the study names at most one."""
    rates = study.learning_rates if len(study.learning_rates) > 1 else []
    return [make_run(study, method, study.seeds_of(method)[0], rate) for rate in rates]


def chosen_run(study: Study, method: str, seed: int) -> Run | None:
    """Make the run of a method and seed with the learning rate that won; None while the search is unfinished."""
    searched = candidates(study, method)
    if not searched:
        return make_run(study, method, seed, next(iter(study.learning_rates), None))
    if not all(run.is_finished for run in searched):
        return None
    winner = min(searched, key=lambda run: best_value(run.folder, study.select_by))
    return make_run(study, method, seed, winner.learning_rate)


def make_run(study: Study, method: str, seed: int, learning_rate: float | None) -> Run:
    """Make one run of a study.

    Args:
        study: The study.
        method: Name of the method.
        seed: The seed.
        learning_rate: None for that of the files.
    """
    chosen = study.methods[method]
    arguments: dict[str, Any] = {study.seed_argument: seed}
    if learning_rate is not None:
        arguments[study.learning_rate_argument] = learning_rate
    files = [read_mapping(Path(file)) for file in (*study.benchmark, *chosen.configs)]
    config = merged(*files, *map(nested, (study.overrides, arguments, chosen.overrides)))
    folder = Path(study.folder) / "runs" / _digest(study, config)
    if study.baseline is not None and study.baseline_argument is not None:
        config = merged(config, nested({study.baseline_argument: study.baseline}))
    return Run(method, seed, learning_rate, config, folder, tuple(chosen.columns or study.columns))


def _digest(study: Study, config: dict[str, Any]) -> str:
    """A name for all that a run depends on; of its baseline the content, wherever the file lies."""
    baseline = read_baseline(study.baseline).values if study.baseline and study.baseline_argument else None
    content = json.dumps([__version__, config, baseline], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]
