"""What a checkpoint holds of a method and its tasks, and whether it can be resumed from."""

import re
from collections.abc import Mapping
from textwrap import shorten
from typing import Any

from torch import Generator, Tensor, nn

from lightning_go4align.methods.fields import differing_fields, in_words
from lightning_go4align.methods.former import present_names
from lightning_go4align.methods.lazy_buffers import persistent_buffers
from lightning_go4align.methods.state import full_state
from lightning_go4align.update.entries import check_names
from lightning_go4align.update.layout import difference, layout
from lightning_go4align.update.misconfiguration import MisconfigurationException

VERSION = 1
KINDS: dict[str, Any] = {
    "tasks": list,
    "epoch": int,
    "state": {"method": str, "tensors": dict, "attributes": dict},
    "weighting": dict,
    "random": {"seed": int | None, "states": list},
}
RESUME = "Resume with the same method, or start anew from its weights with `load_from_checkpoint`."


def sealed(state: dict[str, Any]) -> dict[str, Any]:
    """Add to a state the version and the layout by which it is checked when it is loaded.

    Args:
        state: What is to be saved.

    Returns:
        The same with ``version`` and ``layout``.

    Example:
        >>> sealed({"epoch": 2})
        {'epoch': 2, 'version': 1, 'layout': {'epoch': 'int', 'version': 'int'}}
    """
    whole = {**state, "version": VERSION}
    return {**whole, "layout": layout(whole)}


def check_saved(state: Any, method: nn.Module, fields: Any) -> None:
    """Check that a saved state is whole and that it is the state of this method, without changing anything.

    The layout without a version, of the first checkpoints, is read too: their method is told by its words.

    Args:
        state: What was loaded.
        method: The method that is to go on with it.
        fields: Its settings, as ``method_fields`` tells them.

    Raises:
        ValueError: If the state is damaged.
        MisconfigurationException: If another method's, or a newer version wrote it.
    """
    if not isinstance(state, Mapping):
        raise damaged(f"it is a {type(state).__name__} instead of a dict")
    version = state.get("version", 0)
    if not isinstance(version, int) or version < 0:
        raise damaged(f"`version` is {version!r} instead of a number")
    if version > VERSION:
        raise MisconfigurationException(
            f"The checkpoint's state of `MultiTaskCallback` is of version {version}, but this lightning_go4align "
            f"reads versions up to {VERSION}. Update it, or start anew from the weights with `load_from_checkpoint`."
        )
    _check_layout(state) if version else _check_first_layout(state, method)
    _check_content(state)
    if version:
        _check_method(state["method"], fields)


def _check_method(saved: Any, fields: Any) -> None:
    different = differing_fields(saved, fields)
    if not different:
        return
    is_other = different[0].startswith("`method`")
    why = f", but the method is {_short(in_words(fields))}" if is_other else f": {_short('; '.join(different))}"
    raise MisconfigurationException(f"The checkpoint was trained with {_short(in_words(saved))}{why}. {RESUME}")


def _check_words(saved: str, description: str) -> None:
    if _without_device(present_names(saved)) != _without_device(description):
        raise MisconfigurationException(
            f"The checkpoint was trained with {_short(saved)}, but the method is {_short(description)}. {RESUME}"
        )


def _short(description: str) -> str:
    return shorten(description, 80, placeholder=" ...")


def damaged(what: str) -> ValueError:
    """Make the error for a state that cannot be resumed from.

    Args:
        what: What is wrong with it.

    Returns:
        The error, to be raised.

    Example:
        >>> print(damaged("`epoch` is missing"))
        The checkpoint's state of `MultiTaskCallback` is damaged: `epoch` is missing. ...
    """
    return ValueError(
        f"The checkpoint's state of `MultiTaskCallback` is damaged: {what}. Resume from another checkpoint, or start "
        "anew from the weights of this one with `load_from_checkpoint`."
    )


def _check_layout(state: Mapping[str, Any]) -> None:
    wrong = _wrong_kind(state, {"layout": dict})
    if wrong:
        raise damaged(wrong)
    deviation = difference(state["layout"], layout({name: part for name, part in state.items() if name != "layout"}))
    if deviation:
        raise damaged(deviation)


def _check_first_layout(state: Mapping[str, Any], method: nn.Module) -> None:
    if not isinstance(state.get("method"), str):
        raise damaged("`version` or `method` is missing" if "method" not in state else "`version` is missing")
    _check_words(state["method"], repr(method))
    wrong = _wrong_kind(state, KINDS)
    if wrong:
        raise damaged(wrong)
    tensors = state["state"]["tensors"]
    if not all(isinstance(value, Tensor) for value in tensors.values()):
        raise damaged("`state.tensors` holds something else than tensors")
    if "NaN" in str(layout(tensors)):
        raise damaged("`state.tensors` holds NaN")
    wrong = difference(
        _names(full_state(method)["attributes"]), _names(state["state"]["attributes"]), "state.attributes"
    )
    if wrong:
        raise damaged(wrong)
    for path, part in method.named_modules() if state["tasks"] else ():
        names = [f"{path}.{name}".removeprefix(".") for name in persistent_buffers(part)]
        if names and not any(name in tensors for name in names):
            raise damaged(f"`state.tensors` lacks {' and '.join(f'`{name}`' for name in sorted(names))}")


def _names(attributes: Mapping[str, Any]) -> dict[str, Any]:
    """The names alone of what a method's parts keep; what stands in the place of names is left for ``difference``."""
    return {path: dict.fromkeys(kept) if isinstance(kept, Mapping) else kept for path, kept in attributes.items()}


def _wrong_kind(value: Any, expected: Any, path: str = "") -> str | None:
    if not isinstance(expected, dict):
        fits = isinstance(value, expected) and not isinstance(value, bool)
        return None if fits else f"`{path}` is of the wrong kind, a {type(value).__name__}"
    if not isinstance(value, Mapping):
        return f"`{path}` is a {type(value).__name__} instead of a dict"
    for name, kind in expected.items():
        inner = f"{path}.{name}".removeprefix(".")
        wrong = _wrong_kind(value[name], kind, inner) if name in value else f"`{inner}` is missing"
        if wrong:
            return wrong
    return None


def _check_content(state: Mapping[str, Any]) -> None:
    """Check what a layout does not tell."""
    wrong = _wrong_kind(state, KINDS)
    if wrong:
        raise damaged(wrong)
    try:
        check_names(state["tasks"] or ["none yet"])
        if state["random"]["states"]:
            Generator().set_state(state["random"]["states"][0])
    except (TypeError, ValueError, RuntimeError) as error:
        raise damaged(str(error).partition("\n")[0].rstrip(".")) from error


def _without_device(description: str) -> str:
    return re.sub(r", device='[^']*'", "", description)
