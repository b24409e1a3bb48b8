"""What a search keeps in its study's folder, and how it goes on from there; needs ``optuna``."""

from collections.abc import Sequence
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Study


def searched_methods(study: Study) -> list[str]:
    """Name the methods to choose from: all but the reference, if there are others.

    Args:
        study: The study.
    """
    return [name for name in study.methods if name != study.reference] or list(study.methods)


def open_search(study: Study, pruner: optuna.pruners.BasePruner) -> optuna.Study:
    """Open a study's search, or begin it.

    Args:
        study: The study, with a section ``search``.
        pruner: What stops runs early.
    """
    file = _journal(study)
    file.parent.mkdir(parents=True, exist_ok=True)
    found = optuna.create_study(storage=_storage(file), study_name=study.name, pruner=pruner, load_if_exists=True)
    found.sampler = sampler(study.search or Search(), len(found.trials))
    return found


def ended_trials(study: Study) -> list[optuna.trial.FrozenTrial]:
    """List what a study's search has tried so far; writes nothing.

    Args:
        study: The study.

    Returns:
        Trials that ended, or were stopped.
    """
    file = _journal(study)
    if not file.is_file():
        return []
    found = optuna.load_study(storage=_storage(file), study_name=study.name)
    return found.get_trials(states=[TrialState.COMPLETE, TrialState.PRUNED])


def seconds_of(trials: Sequence[optuna.trial.FrozenTrial]) -> list[float]:
    """List how long the trials took that were not stopped.

    Args:
        trials: Trials that ended.
    """
    whole = [trial for trial in trials if trial.state is TrialState.COMPLETE]
    return [trial.duration.total_seconds() for trial in whole if trial.duration is not None]


def sampler(search: Search, seen: int) -> optuna.samplers.BaseSampler:
    """Make what chooses the next trial.

    Args:
        search: What is searched.
        seen: Number of trials so far: the seed, for one that went on with the same would ask for the same again.
    """
    return optuna.samplers.TPESampler(seed=seen, n_startup_trials=search.startup, constant_liar=True)


def _journal(study: Study) -> Path:
    return Path(study.folder) / study.name / "search.journal"


def _storage(file: Path) -> JournalStorage:
    return JournalStorage(JournalFileBackend(str(file)))
