"""Configurations laid over each other, so that one file says all about a run."""

from collections.abc import Mapping
from typing import Any

_OF_CLASSES = {"class_path", "init_args", "dict_kwargs"}


def merged(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Lay configurations over each other, as ``go4align fit -c FIRST -c SECOND`` does.

    Mappings merge, all else is replaced; so is a mapping whose ``class_path`` becomes another. A class may stand by
    its path alone, and its arguments without ``init_args``.

    Args:
        configs: Configurations, the later ones on top.

    Returns:
        One configuration, which shares no mapping with those given.

    Example:
        >>> merged({"model": {"lr": 0.1, "width": 8}}, {"model": {"lr": 0.2}})
        {'model': {'lr': 0.2, 'width': 8}}
        >>> merged({"method": {"class_path": "FAMO", "init_args": {"shape": 2}}}, {"method": {"class_path": "SI"}})
        {'method': {'class_path': 'SI'}}
        >>> merged({"model": "Mine"}, {"model": {"width": 4}})
        {'model': {'class_path': 'Mine', 'init_args': {'width': 4}}}
    """
    result: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            result[key] = _laid_over(result.get(key), value) if isinstance(value, Mapping) else value
    return result


def _laid_over(before: Any, value: Mapping[str, Any]) -> dict[str, Any]:
    if "class_path" in value:
        is_same = isinstance(before, Mapping) and before.get("class_path") == value["class_path"]
        return merged(before if is_same else {}, value)
    if isinstance(before, str):
        before = {"class_path": before}
    if not isinstance(before, Mapping):
        return merged(value)
    if "class_path" in before and not value.keys() <= _OF_CLASSES:
        own = {name: entry for name, entry in value.items() if name in _OF_CLASSES}
        arguments = {name: entry for name, entry in value.items() if name not in _OF_CLASSES}
        value = merged(own, {"init_args": arguments})
    return merged(before, value)


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
