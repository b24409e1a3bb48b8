"""What jsonargparse refuses, told so that it can be mended."""

import importlib
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from lightning_go4align.cli import extras
from lightning_go4align.cli.class_names import known_classes
from lightning_go4align.cli.flags import refused
from lightning_go4align.cli.mistake import UsageError, in_lines
from lightning_go4align.cli.refusal_tree import Reason, reason
from lightning_go4align.likeness import by_likeness, meant, nearest

_IN_WORDS = {"int": "an integer", "float": "a number", "bool": "true or false", "str": "text"}
_IN_WORDS |= dict.fromkeys(["list", "Sequence", "Collection"], "a list") | dict.fromkeys(
    ["dict", "Mapping"], "a mapping"
)
_NOT_VALUES = ("help", "config", "print_config", "print_shtab")
_OWN = "A class of your own is named by its whole path, such as my_project.Mine, from the folder where it lies."


def mistake(text: str, names: Callable[[str], Sequence[str]], command: str) -> UsageError:
    r"""Turn a refusal into a mistake.

    Args:
        text: What jsonargparse says.
        names: Finds the arguments that a refused one might have been, by the refusal's text.
        command: Such as ``fit``.

    Example:
        >>> text = 'Parser key "trainer.max_epochs":\n  Expected a <class \'int\'>. Got value: three'
        >>> mistake(text, lambda text: [], "fit").lines[0]
        "`trainer.max_epochs` must be an integer, but is 'three'."
    """
    found = reason(text)
    key = ".".join(found.path)
    for pattern, say in _KINDS:
        match = re.search(pattern, found.message, re.DOTALL)
        if match:
            return say(found, key, match, names)
    if found.types:
        return _wrong_type(found, key)
    if not key and found.message == text:
        return refused(text, names(text), f"go4align {command}")
    return UsageError(*in_lines(f"`{key}`: {found.message}" if key not in found.message else found.message))


def wrong_type(text: str) -> str | None:
    r"""Say of which type a value must be.

    Args:
        text: What jsonargparse says.

    Returns:
        A sentence; None if something else is refused.

    Example:
        >>> wrong_type('Parser key "seeds":\n  Expected a <class \'list\'>. Got value: x')
        "`seeds` must be a list, but is 'x'."
    """
    found = reason(text)
    return _wrong_type(found, ".".join(found.path)).lines[0] if found.types else None


def _wrong_type(found: Reason, key: str) -> UsageError:
    *others, last = dict.fromkeys(_IN_WORDS.get(name, name) for name in found.types)
    types = " or ".join([", ".join(others), last] if others else [last])
    given = found.given if len(found.given) <= 60 else f"{found.given[:57]}..."
    given = given if "str" in found.types else repr(given)  # What text refuses is none.
    return UsageError(
        f"`{key}` must be {types}, but is {'null' if found.given == 'None' else given}.",
        f"Correct it in the configuration, or give `--{key} VALUE`.",
    )


def _unknown_class(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    value = match.groupdict().get("value", found.given).strip()
    if value.startswith("{"):
        return UsageError(
            f"`{key}` is {value}, which names no class.",
            "Write `class_path: NAME`, and its arguments below `init_args:`.",
        )
    kinds = [kind for kind in found.kinds if not kind.startswith(("typing", "coll"))]
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
    more = f" and {len(known) - 12} more" if len(known) > 12 else ""
    there = f"There are {', '.join(known[:12])}{more}." if known else ""
    return UsageError(f"{message} {meant(nearest(value, known))}".strip(), there, _OWN)


def _nothing_to_help(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(f"There is no class {match['value'].strip()!r} to be explained.", _OWN)


def _no_module(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    module = match["module"].partition(".")[0]
    if module in extras.EXTRAS:
        who = found.class_path or (f"`{key}`" if key else "The configuration")
        message = f"{who} needs the module `{module}`, which is not installed."
        return UsageError(message, extras.advice(module, who))
    beside = [path.stem for path in Path.cwd().iterdir() if path.suffix == ".py" or (path / "__init__.py").is_file()]
    near = nearest(match["module"], beside) or nearest(
        found.class_path, known_classes([kind for kind in found.kinds if "." in kind], key)
    )
    return UsageError(
        f"`{key}` is {found.class_path!r}, but there is no module {match['module']!r}. {meant(near)}".strip(), _OWN
    )


def _no_attribute(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    module = importlib.import_module(match["module"])
    near = nearest(match["name"], [name for name in dir(module) if not name.startswith("_")])
    message = f"`{key}` is {found.class_path or found.given!r}, but {match['module']} has no {match['name']!r}."
    paths = [f"{module.__name__}.{name}" for name in near]
    return UsageError(f"{message} {meant(paths)}".strip(), _OWN)


def _unknown_argument(
    found: Reason, key: str, match: re.Match[str], names: Callable[[str], Sequence[str]]
) -> UsageError:
    word = match["name"].removesuffix(".class_path")
    known = [name for name in names(found.message) if name not in _NOT_VALUES and not name.endswith(".help")]
    owner, whole = (key, f"{key}.{word}") if key else (match["command"] or "go4align", word)
    message = f"`{owner}` has no argument `{word}`. {meant(nearest(word, known))}".strip()
    if len(known) > 20:
        return UsageError(message, f"`--help all` lists what it has; `{whole}` was given.")
    return UsageError(message, f"It has {', '.join(known)}." if known else f"Leave out `{whole}`.")


def _missing(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    missing = match["names"].strip()
    if missing.rpartition(".")[2] == "model" and not key:
        return UsageError(
            f"`{missing.partition('.')[0]}` needs a model, which is not given.",
            "Give configurations, such as `-c qm9/base -c qm9/go4align` (`go4align configs` lists them),",
            "or a class of your own: `--model my_project.Rooms --model.method GO4Align`.",
        )
    if missing == "method":
        return UsageError(
            f"`{key}` needs `method`, which is not given.",
            f"Give `--{key}.method GO4Align`, or a configuration that names one, such as `-c qm9/go4align`.",
        )
    message = (
        f"`{key}` needs `{missing}`, which is not given." if key else f"`{missing}` is needed, but is not given."
    )
    first = ".".join(filter(None, [key, missing.partition(",")[0]]))
    return UsageError(message, f"Give `--{first} VALUE`.")


def _other_kind(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    path = match["path"] or found.class_path or found.given
    return UsageError(f"`{key}` is {path}, which is no {match['kind']}.", f"Name a {match['kind']} there.")


def _no_class(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(
        f"`{key}` must name a {match['kind']}, but is {found.given!r}.",
        "Write `class_path: my_project.Mine`, and its arguments below `init_args:`.",
    )


def _no_mapping(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(
        f"`{key}.init_args` must name arguments, but is {found.given!r}.", "Write `name: value` for each."
    )


def _no_file(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(f"`{key}`: {match['message'].strip()}.", "Correct the path; it starts from the current folder.")


_Say = Callable[[Reason, str, re.Match[str], Callable[[str], Sequence[str]]], UsageError]
_KINDS: list[tuple[str, _Say]] = [
    (r"^--\S+\.help: Expected a dot import path string: ?(?P<value>.*)", _nothing_to_help),
    (r"Expected a dot import path string: ?(?P<value>.*)", _unknown_class),
    (r"Expected an instantiatable class", _unknown_class),
    (r"No module named '(?P<module>[^']+)'", _no_module),
    (r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'", _no_attribute),
    (
        r"(?:Option|(?:Subcommand '(?P<command>\w+)' )?does not accept option) '(?P<name>[^']+)'",
        _unknown_argument,
    ),
    (r"the following arguments are required: (?P<names>.*)", _missing),
    (r"Import path (?P<path>\S*) ?does not correspond to a subclass of (?P<kind>\w+)", _other_kind),
    (r"Not a valid subclass of (?P<kind>\w+)", _no_class),
    (r"object has no attribute 'keys'", _no_mapping),
    (r"(?P<message>(?:File does not exist|Path is not a file|Unable to load config).*)", _no_file),
]
