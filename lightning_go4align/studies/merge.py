"""Configurations laid over each other, so that one file says all about a run."""

from collections.abc import Mapping
from typing import Any


def merged(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Lay configurations over each other, as ``go4align fit -c FIRST -c SECOND`` does.

    Mappings merge, all else is replaced; so is a mapping whose ``class_path`` becomes another.

    Args:
        configs: Configurations, the later ones on top.

    Returns:
        One configuration, which shares no mapping with those given.

    Example:
        >>> merged({"model": {"lr": 0.1, "width": 8}}, {"model": {"lr": 0.2}})
        {'model': {'lr': 0.2, 'width': 8}}
        >>> merged({"method": {"class_path": "FAMO", "init_args": {"shape": 2}}}, {"method": {"class_path": "SI"}})
        {'method': {'class_path': 'SI'}}
    """
    result: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            before = result.get(key)
            if isinstance(value, Mapping):
                kept = before if isinstance(before, Mapping) and not _other_class(before, value) else {}
                value = merged(kept, value)
            result[key] = value
    return result


def _other_class(before: Mapping[str, Any], after: Mapping[str, Any]) -> bool:
    return "class_path" in after and before.get("class_path") != after["class_path"]


def nested(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn arguments as they stand on the command line into a configuration.

    Args:
        arguments: Values by dotted names.

    Example:
        >>> nested({"trainer.max_epochs": 2, "model.init_args.learning_rate": 0.1})
        {'trainer': {'max_epochs': 2}, 'model': {'init_args': {'learning_rate': 0.1}}}
    """
    result: dict[str, Any] = {}
    for name, value in arguments.items():
        for part in reversed(name.split(".")):
            value = {part: value}
        result = merged(result, value)
    return result
