"""What a search keeps in its study's folder, and how it goes on from there; needs ``optuna``."""

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import optuna
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from optuna.trial import TrialState

from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Study

ASKED = "asked"


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

    Raises:
        ValueError: If the search in the folder is of something else.
    """
    file = _journal(study)
    file.parent.mkdir(parents=True, exist_ok=True)
    found = optuna.create_study(storage=_storage(file), study_name=study.name, pruner=pruner, load_if_exists=True)
    _check_asked(found, study)
    found.sampler = sampler(study.search or Search(), len(found.trials))
    return found


def _check_asked(found: optuna.Study, study: Study) -> None:
    """Refuse to go on with trials of another search: one best would be chosen from values of two kinds."""
    asked = _asked(study)
    before = found.user_attrs.get(ASKED, asked)  # one from before searches said what they are of goes on
    changed = [name for name, text in asked.items() if before.get(name) != text]
    if changed and found.get_trials(deepcopy=False, states=[TrialState.COMPLETE, TrialState.PRUNED]):
        raise ValueError(
            f"The search that is begun in {_journal(study)} has another {' and '.join(changed)}, so that its trials "
            "cannot be compared with those to come. Give the study another `name`, or remove that file: runs that "
            "are finished are kept, and not done again."
        )
    if changed or ASKED not in found.user_attrs:
        found.set_user_attr(ASKED, asked)


def _asked(study: Study) -> dict[str, str]:
    """Write down all that the value of a trial depends on, by what a user calls it."""
    search, plan = study.search or Search(), make_plan(replace(study, learning_rates=[]))
    runs = {name: plan.run(name, search.seed, None).folder.name for name in searched_methods(study)}
    asked = {"`select_by`": study.select_by, "`search.space`": search.space, "benchmark, method or seed": runs}
    return {name: json.dumps(value, sort_keys=True) for name, value in asked.items()}


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
