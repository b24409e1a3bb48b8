"""From a study to its runs."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

from lightning_go4align import __version__
from lightning_go4align.studies.baselines import read_baseline
from lightning_go4align.studies.choosing import best_rate, check_logged
from lightning_go4align.studies.contradictions import check_trainer
from lightning_go4align.studies.logs import epochs_done
from lightning_go4align.studies.merge import merged, nested
from lightning_go4align.studies.reading import read_mapping
from lightning_go4align.studies.results import Baseline
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
        select_by: Metric by which it takes part in the choice of a learning rate, if it does.
    """

    method: str
    seed: int
    learning_rate: float | None
    config: dict[str, Any]
    folder: Path
    columns: tuple[str, ...]
    select_by: str | None = None

    @property
    def title(self) -> str:
        """What people call it."""
        rate = "" if self.learning_rate is None else f", learning rate {self.learning_rate:g}"
        return f"{self.method}, seed {self.seed}{rate}"

    @property
    def is_finished(self) -> bool:
        """Whether it ran to its end."""
        return (self.folder / "finished.json").is_file()

    @property
    def num_epochs(self) -> int | None:
        """Number of its epochs, if it says so; what is no number `fit` will refuse."""
        epochs = (self.config.get("trainer") or {}).get("max_epochs")
        return epochs if isinstance(epochs, int) else None

    @property
    def state(self) -> str:
        """How far it is, in words."""
        if self.is_finished:
            return "finished"
        return f"{epochs_done(self.folder)} of {self.num_epochs} epochs done"

    def check_choice(self) -> None:
        """Refuse a ``select_by`` under which the run, which is finished, logged nothing.

        Raises:
            ValueError: If so.
        """
        if self.select_by is not None:
            check_logged(self.title, self.folder, self.select_by)


@dataclass(frozen=True)
class Plan:
    """What a study runs, as far as it is known: a value, whatever becomes of its files and runs meanwhile.

    Args:
        study: The study.
        configs: Configuration of each method, without seed and learning rate; its files are read.
        baseline: What delta_m compares with.
        runs: The runs in their order, none of them twice: first the search for learning rates, then seed after
            seed, so that what is finished is always paired.
        waiting: Number of runs that wait for a learning rate to be chosen.
        tried: Folders of runs that were carried out: one of them that is not finished has failed, and is not chosen.

    Example: ``make_plan(read_study(Path("configs/studies/toy.yaml"))).runs``
    """

    study: Study
    configs: Mapping[str, dict[str, Any]]
    baseline: Baseline | None
    runs: tuple[Run, ...] = ()
    waiting: int = 0
    tried: frozenset[Path] = frozenset()

    def again(self) -> Self:
        """The plan now that more may be finished: runs whose learning rate has been chosen are known."""
        study = self.study
        runs = [run for name in study.methods for run in self.candidates(name)]
        seeds = dict.fromkeys(seed for name in study.methods for seed in study.seeds_of(name))
        requested = [(name, seed) for seed in seeds for name in study.methods if seed in study.seeds_of(name)]
        chosen = [self.chosen(name, seed) for name, seed in requested]
        known = {(run.method, run.folder): run for run in (*runs, *filter(None, chosen))}
        unknown = [pair for pair, run in zip(requested, chosen, strict=True) if run is None]
        # A seed that searches has the run of the chosen learning rate already.
        waiting = [(name, seed) for name, seed in unknown if seed not in study.choosing_seeds_of(name)]
        return replace(self, runs=tuple(known.values()), waiting=len(waiting))

    def candidates(self, method: str) -> list[Run]:
        """The runs among which a method's learning rate is chosen: none if the study names at most one."""
        rates = self.study.learning_rates_of(method)
        seeds = self.study.choosing_seeds_of(method)
        runs = [self.run(method, seed, rate) for rate in rates for seed in seeds] if len(rates) > 1 else []
        return [replace(run, select_by=self.study.select_by_of(method)) for run in runs]

    def chosen(self, method: str, seed: int) -> Run | None:
        """The run of a method and seed with the learning rate that won; None while none has, and if all failed."""
        searched = self.candidates(method)
        if not searched:
            return self.run(method, seed, next(iter(self.study.learning_rates_of(method)), None))
        for run in searched:
            if run.is_finished:
                run.check_choice()
        failed = self.failed_rates(method)
        left = [rate for rate in self.study.learning_rates if rate not in failed]
        if not left or not all(run.is_finished or run.folder in self.tried for run in searched):
            return None
        folders = {rate: [run.folder for run in searched if run.learning_rate == rate] for rate in left}
        return self.run(method, seed, best_rate(method, folders, self.study.select_by_of(method)))

    def failed_rates(self, method: str) -> list[float]:
        """Learning rates of a method that have a run that failed: none of them can win."""
        lost = [run for run in self.candidates(method) if run.folder in self.tried and not run.is_finished]
        return list(dict.fromkeys(run.learning_rate for run in lost if run.learning_rate is not None))

    def run(self, method: str, seed: int, learning_rate: float | None) -> Run:
        """Make one run.

        Args:
            method: Name of the method.
            seed: The seed.
            learning_rate: None for that of the files.
        """
        study = self.study
        arguments: dict[str, Any] = {study.seed_argument: seed}
        if learning_rate is not None:
            arguments[study.learning_rate_argument] = learning_rate
        config = merged(self.configs[method], nested(arguments))
        passed = self.baseline if study.baseline_argument is not None else None
        folder = Path(study.folder) / "runs" / _digest(config, passed)
        if passed is not None:
            config = merged(config, nested({str(study.baseline_argument): study.baseline}))
        return Run(method, seed, learning_rate, config, folder, tuple(study.methods[method].columns or study.columns))


def make_plan(study: Study) -> Plan:
    """Plan a study; reads its files, once.

    Args:
        study: The study.

    Raises:
        ValueError: If a file holds something else than a configuration, or than a baseline; or a configuration
            has a trainer that keeps a run from what the study needs of it.
        OSError: If a file is missing.
    """
    names = {name for method in study.methods.values() for name in (*study.benchmark, *method.configs)}
    files = {name: read_mapping(Path(name)) for name in sorted(names)}
    configs = {
        name: merged(
            *(files[file] for file in (*study.benchmark, *method.configs)),
            *map(nested, (study.overrides, method.overrides)),
        )
        for name, method in study.methods.items()
    }
    for name, config in configs.items():
        check_trainer(name, config)
    baseline = None if study.baseline is None else read_baseline(study.baseline)
    return Plan(study, configs, baseline).again()


def _digest(config: Mapping[str, Any], baseline: Baseline | None) -> str:
    """A name for all that a run depends on; of its baseline the content, wherever the file lies."""
    trainer = config.get("trainer")
    if isinstance(trainer, Mapping) and trainer.get("devices") == 1:
        # What engines give a run that says nothing: runs from before configurations said it go on.
        config = {**config, "trainer": {name: value for name, value in trainer.items() if name != "devices"}}
    content = json.dumps([__version__, config, baseline.values if baseline else None], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()[:12]
