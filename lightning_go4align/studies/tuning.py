"""The search for a method and its settings; needs ``optuna``."""

import math
import statistics
import time
from dataclasses import dataclass, field, replace
from typing import Any

import optuna
from optuna.trial import TrialState
from rich.console import Console
from rich.text import Text

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.choosing import check_logged
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.execution import MOST_LOSSES
from lightning_go4align.studies.finalists import Finalist, best_finalists, finalist_name, search_table, with_settings
from lightning_go4align.studies.finalists import finals as finals
from lightning_go4align.studies.logs import best_value, logged
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.search_state import open_search, searched_methods, seconds_of
from lightning_go4align.studies.study import Study
from lightning_go4align.words import counted

POLL_SECONDS = 0.5


@dataclass
class _Work:
    """A trial in progress."""

    trial: optuna.Trial
    name: str
    submitted: Submitted
    start: float
    reported: int = 0
    losses: int = 0


@dataclass
class Tuning:
    """A search in progress: asks Optuna what to try, stops what is hopeless, tells it what came out.

    What is finished is kept in the study's folder; a search that was interrupted goes on.

    Args:
        study: The study, with a section ``search``.
        engine: What carries the runs out.
        jobs: Number of runs side by side.
        deadline: When to start no more, in seconds of ``time.monotonic``.
        console: Where to say what happens.
    """

    study: Study
    engine: Engine
    jobs: int
    deadline: float
    console: Console
    working: list[_Work] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        # Not before a run's half: on QM9, two epochs of six told so little that near-best settings were stopped.
        half = (make_plan(self.study).runs[0].num_epochs or 0) // 2
        pruner = optuna.pruners.MedianPruner(n_startup_trials=self.search.startup, n_warmup_steps=max(1, half))
        self._optuna = open_search(self.study, pruner)
        self.seconds = seconds_of(self._optuna.get_trials(deepcopy=False))
        for trial in self._optuna.get_trials(states=[TrialState.RUNNING]):  # of a search that was interrupted
            self._optuna.tell(trial.number, state=TrialState.FAIL)
            self._optuna.enqueue_trial(trial.params)

    @property
    def search(self) -> Search:
        """What to search."""
        return self.study.search or Search()

    @property
    def methods(self) -> list[str]:
        """The methods to choose from."""
        return searched_methods(self.study)

    def run(self) -> list[Finalist]:
        """Search until the trials or the time are up.

        Returns:
            The best, in their order.

        Raises:
            ValueError: If no trial gave a number, one logged nothing under ``select_by``, or as many as start a
                search failed and none did not.
        """
        try:
            while self._may_ask() or self.working:
                while self._may_ask() and len(self.working) < self.jobs and self.engine.waits_for() is None:
                    self._ask()
                time.sleep(POLL_SECONDS if self.working else 0)
                for work in list(self.working):
                    self._look(work)
                self._check_failures()
        finally:
            self.engine.cancel([work.submitted for work in self.working])
        ended = self._optuna.get_trials(states=[TrialState.COMPLETE])
        return best_finalists(self.study, self.methods, ended)

    @property
    def table(self) -> str:
        """All trials that ended, in Markdown."""
        return search_table(self.search, self.methods, self._ended(), self.study.select_by)

    def _check_failures(self) -> None:
        if len(self.failures) >= self.search.startup and not self._ended():
            raise ValueError(
                f"All of the first {counted(len(self.failures), 'trial')} failed, the last one with: "
                f"{self.failures[-1]}. Correct `benchmark`, `overrides` or `search.space` of the study."
            )

    def _ended(self) -> list[optuna.trial.FrozenTrial]:
        return self._optuna.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED])

    def _may_ask(self) -> bool:
        started = len(self._ended()) + len(self.working)
        return started < self.search.trials and time.monotonic() + self._seconds_left_over() < self.deadline

    def _seconds_left_over(self) -> float:
        """What another trial and then the finalists will take, as far as it is known: all must fit into the time."""
        runs = (self.search.finalists + 1) * len(self.study.seeds)
        return (1 + math.ceil(runs / self.jobs)) * (statistics.mean(self.seconds) if self.seconds else 0.0)

    def _ask(self) -> None:
        trial = self._optuna.ask()
        method, settings = self.search.suggest(trial, self.methods)
        run, name = self._run(method, settings), finalist_name(method, settings)
        if run.is_finished:
            self._tell(trial, name, run)
            return
        submitted = self.engine.submit([run])
        if submitted:
            self.working.append(_Work(trial, name, submitted[0], time.monotonic()))
        else:  # another search is at it: its value will be there when it is asked for again
            self._optuna.tell(trial, state=TrialState.FAIL)
            time.sleep(POLL_SECONDS)

    def _run(self, method: str, settings: dict[str, Any]) -> Run:
        chosen = with_settings(self.study.methods[method], settings)
        single = replace(self.study, methods={method: replace(chosen, seeds=[self.search.seed])}, reference=None)
        return make_plan(replace(single, learning_rates=[])).runs[0]

    def _look(self, work: _Work) -> None:
        """Report the epochs of a trial, and stop it if it is hopeless; tell its end."""
        if self.engine.poll(work.submitted):
            self.working.remove(work)
            self._settle(work, self.engine.collect(work.submitted))
            return
        values = logged(work.submitted.run.folder, self.study.select_by)
        for step in range(work.reported, len(values)):
            work.trial.report(values[step], step)
        work.reported = max(work.reported, len(values))  # a logger that writes its file anew has fewer for a moment
        epochs = work.submitted.run.num_epochs
        is_through = epochs is not None and len(values) >= epochs  # Then only its test is left.
        if values and not is_through and work.trial.should_prune():
            self.working.remove(work)
            self.engine.cancel([work.submitted])
            self._say(work.trial, work.name, f"stopped after {counted(len(values), 'epoch')} at {values[-1]:.4g}")
            self._optuna.tell(work.trial, state=TrialState.PRUNED)

    def _settle(self, work: _Work, ending: Ending) -> None:
        run = work.submitted.run
        if ending.end is End.FINISHED:
            self.seconds.append(time.monotonic() - work.start)
            self._tell(work.trial, work.name, run)
            return
        again = self.engine.submit([run]) if ending.end is End.LOST and work.losses < MOST_LOSSES else []
        if again:
            self._say(work.trial, work.name, f"again: {ending.reason}")
            self.working.append(replace(work, submitted=again[0], losses=work.losses + 1))
            return
        self._say(work.trial, work.name, f"failed: {ending.reason}")
        self._optuna.tell(work.trial, state=TrialState.FAIL)
        self.failures.append(ending.reason)

    def _tell(self, trial: optuna.Trial, name: str, run: Run) -> None:
        # Before Optuna knows of an end: the trial is told anew, without training, once `select_by` is corrected.
        check_logged(name, run.folder, self.study.select_by)
        value = best_value(run.folder, self.study.select_by)
        self._say(trial, name, f"{self.study.select_by} {value:.4g}")
        self._optuna.tell(trial, value)

    def _say(self, trial: optuna.Trial, name: str, message: str) -> None:
        self.console.print(Text(f"trial {trial.number}: {name}: {message}"), soft_wrap=True)
