"""What is refused where the name of a class is expected, told so that it can be mended."""

import ast
import importlib
import re
from difflib import get_close_matches
from pathlib import Path

from lightning_go4align.cli import extras
from lightning_go4align.cli.class_names import kinds_of, known_classes
from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.cli.refusal_tree import Reason
from lightning_go4align.likeness import by_likeness, meant, nearest
from lightning_go4align.words import first_of

#: What jsonargparse calls the entries of a class.
_ENTRIES = ("class_path", "init_args", "dict_kwargs")
_FORM = "Write `class_path: NAME`, and its arguments below `init_args:`."
_OWN = "A class of your own is named by its whole path, such as my_project.Mine, from the folder where it lies."


def no_entry(key: str, name: str) -> UsageError:
    """Say how a class is written where something else stands in its place of a configuration.

    Args:
        key: The place of the class.
        name: What is neither ``class_path`` nor ``init_args``.

    Example:
        >>> no_entry("model", "init_arg").lines[0]
        '`init_arg` is no entry of `model`. Did you mean init_args?'
    """
    return UsageError(f"`{name}` is no entry of `{key}`. {meant(_slip(name))}".strip(), _FORM)


def strange_entry(name: str, given: str) -> str | None:
    """Find what was written beside ``class_path``, or in the place of an entry of a class.

    Args:
        name: The argument that was refused; ``class_path`` itself, where something beside it is the reason.
        given: The value that it stands in.

    Example:
        >>> strange_entry("class_pat", ""), strange_entry("beta", "{'class_path': 'SI', 'beta': 1}")
        ('class_pat', 'beta')
    """
    others = [entry for entry in _keys(given) if entry not in _ENTRIES]
    if name in _ENTRIES:
        return next(iter(others), None)
    beside = name in others and "class_path" in _keys(given)
    return name if beside or _slip(name) else None


def unknown_class(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say which classes there are where a name is of none."""
    value = match.groupdict().get("value", found.given).strip()
    if value.startswith("{"):
        return _nameless(key, value)
    kinds = _kinds(found)
    wanted = " or ".join(dict.fromkeys(kind.rpartition(".")[2] for kind in kinds))
    known = by_likeness(value, known_classes(kinds, key))
    if value in known:
        return UsageError(f"`{key}` is {value!r}, which is a class, but none that can be made there.", _OWN)
    # A number is no name: jsonargparse drops the name of the argument that it was given to.
    if re.match(r"[-+.]?\d", value):
        first = f"name the class first: `--{key} NAME`, or in a configuration."
        return UsageError(f"`{key}` is {value!r}, which is no class.", f"If it is an argument of the class, {first}")
    fits = f"no known {wanted}" if kinds else "no class that fits there"
    message = f"`{key}` is {value!r}, which is {fits}."
    there = f"There are {first_of(known, 12)}." if known else ""
    return UsageError(f"{message} {meant(nearest(value, known))}".strip(), there, _OWN)


def nothing_to_help(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say that a class whose help is wanted is not there."""
    return UsageError(f"There is no class {match['value'].strip()!r} to be explained.", _OWN)


def no_module(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say which module of a class's path is missing: misspelt, or of an extra."""
    module = match["module"].partition(".")[0]
    if module in extras.EXTRAS:
        who = found.class_path or (f"`{key}`" if key else "The configuration")
        message = f"{who} needs the module `{module}`, which is not installed."
        return UsageError(message, extras.advice(module, who))
    beside = [path.stem for path in Path.cwd().iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    near = nearest(match["module"], beside) or nearest(found.class_path, known_classes(_kinds(found), key))
    return UsageError(
        f"`{key}` is {found.class_path!r}, but there is no module {match['module']!r}. {meant(near)}".strip(), _OWN
    )


def no_attribute(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say which names are near one that a module lacks."""
    module = importlib.import_module(match["module"])
    near = nearest(match["name"], [name for name in dir(module) if not name.startswith("_")])
    message = f"`{key}` is {found.class_path or found.given!r}, but {match['module']} has no {match['name']!r}."
    paths = [f"{module.__name__}.{name}" for name in near]
    return UsageError(f"{message} {meant(paths)}".strip(), _OWN)


def other_kind(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say of which kind a class must be."""
    path = match["path"] or found.class_path or found.given
    return UsageError(f"`{key}` is {path}, which is no {match['kind']}.", f"Name a {match['kind']} there.")


def no_class(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    """Say how a class is written where there is none."""
    if found.given.startswith("{"):
        return _nameless(key, found.given)
    return UsageError(
        f"`{key}` must name a {match['kind']}, but is {found.given!r}.",
        "Write `class_path: my_project.Mine`, and its arguments below `init_args:`.",
    )


def _nameless(key: str, value: str) -> UsageError:
    strange = [name for name in _keys(value) if name not in _ENTRIES]
    if strange and "class_path" in _keys(value):
        return no_entry(key, strange[0])
    near = [entry for name in strange for entry in _slip(name)]
    return UsageError(f"`{key}` is {value}, which names no class. {meant(near)}".strip(), _FORM)


def _slip(name: str) -> list[str]:
    return get_close_matches(name, _ENTRIES, 1, 0.8)


def _keys(value: str) -> list[str]:
    try:
        found = ast.literal_eval(value)
    except (ValueError, SyntaxError):
        return []
    return list(map(str, found)) if isinstance(found, dict) else []


def _kinds(found: Reason) -> list[str]:
    """The classes of which one is meant: those that are told, or that of the argument's annotation."""
    kinds = found.kinds or kinds_of(found.owner, found.path[-1] if found.path else "")
    return [kind for kind in kinds if not kind.startswith(("typing", "coll"))]
