"""What a saved state consists of: kinds and shapes, by which a damaged one is told from a whole one."""

from typing import Any

from torch import Tensor


def layout(value: Any) -> Any:
    """Describe what a state consists of.

    Args:
        value: Dictionaries and lists of tensors and plain values.

    Returns:
        The same with the kind and shape of each value in its place.

    Example:
        >>> import torch
        >>> layout({"steps": 3, "history": [torch.zeros(2)]})
        {'steps': 'int', 'history': ['float32 of shape [2]']}
    """
    if isinstance(value, dict):
        return {key: layout(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [layout(item) for item in value]
    if not isinstance(value, Tensor):
        return type(value).__name__
    kind = f"{str(value.dtype).removeprefix('torch.')} of shape {list(value.shape)}"
    return f"{kind} with NaN" if value.is_floating_point() and bool(value.isnan().any()) else kind


def difference(expected: Any, actual: Any, path: str = "") -> str | None:
    """Find the first place in which two layouts differ.

    Args:
        expected: The layout that was saved with a state.
        actual: That of the state itself.
        path: Where both stand.

    Returns:
        A phrase; None if they are equal.

    Example:
        >>> difference({"state": {"steps": "int"}}, {"state": {}})
        '`state.steps` is missing'
        >>> difference(["int", "int"], {"0": "int"}, "state"), difference("int", "str", "state")
        ('`state` is a dict instead of a list of 2', '`state` is str instead of int')
    """
    if isinstance(expected, dict) and isinstance(actual, dict):
        pairs = [(f"{path}.{key}", key in expected, key in actual, key) for key in {**expected, **actual}]
        for location, was, is_there, key in pairs:
            name = location.removeprefix(".")
            if not was:
                return f"`{name}` should not be there"
            if not is_there:
                return f"`{name}` is missing"
            below = difference(expected[key], actual[key], name)
            if below:
                return below
        return None
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        items = (difference(*pair, f"{path}[{i}]") for i, pair in enumerate(zip(expected, actual, strict=True)))
        return next((item for item in items if item), None)
    return None if expected == actual else f"`{path}` is {_kind(actual)} instead of {_kind(expected)}"


def _kind(part: Any) -> str:
    if isinstance(part, list):
        return f"a list of {len(part)}"
    return "a dict" if isinstance(part, dict) else str(part)
