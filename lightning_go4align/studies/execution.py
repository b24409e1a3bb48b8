"""Runs of a study, carried out by an engine."""

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.claims import holder
from lightning_go4align.studies.engines import Engine, Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.watching import Watcher
from lightning_go4align.words import counted

POLL_SECONDS = 0.2
LOOK_SECONDS = 2.0  # between looks at runs that another study is at
MOST_LOSSES = 3


class Outcome(NamedTuple):
    """What became of runs.

    Args:
        failures: What the failed runs said last, by their titles.

    Example:
        >>> print(Outcome({"LS, seed 0": "ValueError: no"}) + Outcome())
        1 run failed:
        LS, seed 0: ValueError: no
    """

    failures: Mapping[str, str] = MappingProxyType({})

    def __add__(self, other: object) -> "Outcome":
        if not isinstance(other, Outcome):
            return NotImplemented
        return Outcome({**self.failures, **other.failures})

    def __str__(self) -> str:
        return "\n".join([f"{counted(len(self.failures), 'run')} failed:", *map(": ".join, self.failures.items())])


def execute(runs: Sequence[Run], engine: Engine, watcher: Watcher) -> Outcome:
    """Run what is not finished.

    A run that fails leaves the others alone. An interrupted one is resumed from its last epoch, and so is one that
    was lost with its machine, at most three times. A run that another process is at is waited for.

    Args:
        runs: The runs.
        engine: What carries them out.
        watcher: Who is told what happens.

    Returns:
        What became of them.

    Raises:
        ValueError: If a run logged nothing by which its learning rate could be chosen, or the first of all nothing
            under a column's name: the others need not go on.
    """
    execution = _Execution(runs, engine, watcher)
    try:
        while execution.waiting or execution.working:
            execution.submit()
            time.sleep(POLL_SECONDS if execution.waiting or execution.working else 0)
            execution.collect()
            watcher.watch([submitted.run for submitted in execution.working])
    finally:
        engine.cancel(execution.working)
    return Outcome(execution.failures)


class _Execution:
    """Who waits, who works, who failed."""

    def __init__(self, runs: Sequence[Run], engine: Engine, watcher: Watcher) -> None:
        self.waiting = list(runs)
        self.working: list[Submitted] = []
        self.failures: dict[str, str] = {}
        self._engine, self._watcher = engine, watcher
        self._losses: Counter[Path] = Counter()
        self._any_finished = any(run.is_finished for run in runs)
        self._next_look = 0.0

    def submit(self) -> None:
        """Submit what can be, and say what the others wait for."""
        lack = self._engine.waits_for()
        if lack is None and time.monotonic() >= self._next_look:
            holders = self._look()
            self._take_on([run for run in self.waiting if run.folder not in holders])
            lack = next(iter(holders.values()), self._engine.waits_for())
            # Not to ask the file system all the time about runs that take minutes.
            self._next_look = time.monotonic() + (LOOK_SECONDS if holders else 0)
        if lack is not None:
            self._watcher.waiting(len(self.waiting), lack)

    def _look(self) -> dict[Path, str]:
        """Leave out what is finished; tell by whom runs are held."""
        waiting, self.waiting = self.waiting, []
        for run in waiting:
            if run.is_finished:
                self._watcher.skipped(run)
            else:
                self.waiting.append(run)
        return {run.folder: who for run in self.waiting if (who := holder(run.folder)) is not None}

    def _take_on(self, runs: Sequence[Run]) -> None:
        for submitted in self._engine.submit(runs):
            self.waiting.remove(submitted.run)
            self.working.append(submitted)
            self._watcher.started(submitted.run)

    def collect(self) -> None:
        """See which runs have ended, and how."""
        for submitted in [one for one in self.working if self._engine.poll(one)]:
            self.working.remove(submitted)
            self._settle(submitted.run, self._engine.collect(submitted))

    def _settle(self, run: Run, ending: Ending) -> None:
        self._losses[run.folder] += ending.end is End.LOST
        is_lost = ending.end is End.LOST and self._losses[run.folder] <= MOST_LOSSES
        if is_lost or ending.end is End.TAKEN:
            self.waiting.append(run)
            self._watcher.postponed(run, ending.reason)
            return
        if ending.end is not End.FINISHED:
            self.failures[run.title] = ending.reason
        self._watcher.ended(run, self.failures.get(run.title))
        if ending.end is End.FINISHED:
            self._any_finished = True
            run.check_choice()
        elif ending.lacks_columns and not self._any_finished:
            raise ValueError(
                f"{run.title} {ending.reason}. The others would end alike: correct `columns` of the study, or log "
                "them. The run is not trained again, only tested."
            )
