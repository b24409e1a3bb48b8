"""What configurations may not set, as a study sets it, and what a method sets for itself."""

from collections.abc import Mapping
from typing import Any

from lightning_go4align.studies.merge import merged, nested
from lightning_go4align.studies.study import Study

_MISSING = object()


def own_rate(study: Study, method: str, config: Mapping[str, Any]) -> float | None:
    """Tell the learning rate that a method's ``overrides`` set, with which it takes no part in a search.

    Args:
        study: The study.
        method: Name of the method.
        config: Its configuration before its ``overrides``.

    Returns:
        The rate; None if they set none.
    """
    marked = merged(config, nested({study.learning_rate_argument: _MISSING}))
    found = _entry(merged(marked, nested(study.methods[method].overrides)), study.learning_rate_argument)
    return found if isinstance(found, float | int) else None


def check_overrides(study: Study, configs: Mapping[str, Mapping[str, Any]]) -> None:
    """Refuse what would be lost without a word, or stand in tables beside another value.

    Args:
        study: The study.
        configs: Configuration of each method before its ``overrides``, those of the study included.

    Raises:
        ValueError: If ``overrides`` set the seed, those of the study a learning rate that is chosen, or a method's
            drop an argument of the study's with the class that it belonged to, or nothing would be logged.
    """
    taken = {study.seed_argument: "seeds"}
    if study.learning_rates:
        taken[study.learning_rate_argument] = "learning_rates"
    for argument, key in taken.items():
        if _entry(nested(study.overrides), argument) is not _MISSING:
            raise ValueError(
                f"`overrides` of the study sets {argument}, which `{key}` sets for each run. Leave one of them out."
            )
    for name, config in configs.items():
        overrides = nested(study.methods[name].overrides)
        marked = merged(config, nested({study.seed_argument: _MISSING}))
        if _entry(merged(marked, overrides), study.seed_argument) is not _MISSING:
            raise ValueError(
                f"`methods.{name}.overrides` sets {study.seed_argument}, so that one run would count as many. "
                f"Give `methods.{name}.seeds` instead."
            )
        final = merged(config, overrides)
        _check_logs(name, final.get("trainer"))
        lost = [argument for argument in study.overrides if _is_lost(argument, config, final)]
        if lost:
            raise ValueError(
                f"`methods.{name}.overrides` names another class, with which what `overrides` of the study sets is "
                f"lost: {', '.join(lost)}. Set it in `methods.{name}.overrides` as well, behind the class."
            )


def _check_logs(name: str, trainer: Any) -> None:
    for setting in ("fast_dev_run", "barebones"):
        if isinstance(trainer, Mapping) and trainer.get(setting):
            raise ValueError(
                f"'{name}' has `trainer.{setting}`, with which nothing is logged that a study could compare. Leave "
                "it out; a trial has `trainer.max_epochs: 1` and `trainer.limit_train_batches: 2` in `overrides`."
            )


def _is_lost(argument: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return _entry(before, argument) is not _MISSING and _entry(after, argument) is _MISSING


def _entry(config: Mapping[str, Any], argument: str) -> Any:
    """What stands in a configuration under a dotted name."""
    entry: Any = config
    for part in argument.split("."):
        if not isinstance(entry, Mapping) or part not in entry:
            return _MISSING
        entry = entry[part]
    return entry
