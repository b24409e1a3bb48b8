"""Configurations laid over each other, so that one file says all about a run."""

import re
from collections.abc import Mapping
from typing import Any

_OF_CLASSES = {"class_path", "init_args", "dict_kwargs"}
_CLASS = re.compile(r"(\w+\.)*[A-Z]\w*")


def merged(*configs: Mapping[str, Any]) -> dict[str, Any]:
    """Lay configurations over each other, as ``go4align fit -c FIRST -c SECOND`` does.

    Mappings merge, all else is replaced; so is a mapping whose ``class_path`` becomes another. A class may stand by
    its path alone, its arguments without ``init_args``, and both in either order.

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
        >>> merged({"model": {"width": 4}}, {"model": "Mine"})
        {'model': {'init_args': {'width': 4}, 'class_path': 'Mine'}}
    """
    result: dict[str, Any] = {}
    for config in configs:
        for key, value in config.items():
            result[key] = _laid_over(result.get(key), value)
    return result


def _laid_over(before: Any, value: Any) -> Any:
    is_class = isinstance(value, str) and _CLASS.fullmatch(value)
    if is_class and isinstance(before, Mapping) and before.get("class_path", value) == value:
        value = {"class_path": value}
    if not isinstance(value, Mapping):
        return value
    if isinstance(before, str):
        before = {"class_path": before}
    if not isinstance(before, Mapping):
        return merged(value)
    old, new = before.get("class_path"), value.get("class_path")
    if None not in (old, new):
        return merged(before if old == new else {}, value)
    if old != new:  # One of the two is the class that the other has arguments of.
        before, value = _in_init_args(before), _in_init_args(value)
    return merged(before, value)


def _in_init_args(value: Mapping[str, Any]) -> dict[str, Any]:
    own = {name: entry for name, entry in value.items() if name in _OF_CLASSES}
    arguments = {name: entry for name, entry in value.items() if name not in _OF_CLASSES}
    return merged(own, {"init_args": arguments} if arguments else {})


def nested(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Turn arguments as they stand on the command line into a configuration.

    Args:
        arguments: Values by dotted names, in any order: what lies deeper goes on top.

    Example:
        >>> nested({"trainer.max_epochs": 2, "model.init_args.learning_rate": 0.1})
        {'trainer': {'max_epochs': 2}, 'model': {'init_args': {'learning_rate': 0.1}}}
    """
    result: dict[str, Any] = {}
    for name in sorted(arguments, key=lambda name: len(_parts(name))):
        value = arguments[name]
        for part in reversed(name.split(".")):
            value = {part: value}
        result = merged(result, value)
    return result


def value_at(arguments: Mapping[str, Any], name: str) -> Any:
    """Find what arguments set one to, in whatever way they are written; None if they do not.

    Args:
        arguments: Values by dotted names, or a configuration.
        name: Dotted name of an argument.

    Example:
        >>> value_at({"model": {"class_path": "Mine", "init_args": {"width": 4}}}, "model.init_args.width")
        4
        >>> value_at({"model.width": 8}, "model.init_args.width")
        8
    """
    value: Any = nested(arguments)
    for part in _parts(name):
        inside = _in_init_args(value).get("init_args") if isinstance(value, Mapping) else None
        value = inside.get(part) if isinstance(inside, Mapping) else None
    return value


def _parts(name: str) -> list[str]:
    return [part for part in name.split(".") if part != "init_args"]
