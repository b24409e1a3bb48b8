"""What jsonargparse refuses, told so that it can be mended."""

import re
from collections.abc import Callable, Sequence

from lightning_go4align.cli import refused_classes
from lightning_go4align.cli.flags import refused
from lightning_go4align.cli.generic_arguments import refuse_generic
from lightning_go4align.cli.mistake import UsageError, in_lines
from lightning_go4align.cli.refusal_tree import Reason, reason
from lightning_go4align.likeness import meant, nearest

_IN_WORDS = {"int": "an integer", "float": "a number", "bool": "true or false", "str": "text"}
_IN_WORDS |= dict.fromkeys(["list", "Sequence", "Collection"], "a list") | dict.fromkeys(
    ["dict", "Mapping"], "a mapping"
)
_NOT_VALUES = ("help", "config", "print_config", "print_shtab")


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


def _unknown_argument(
    found: Reason, key: str, match: re.Match[str], names: Callable[[str], Sequence[str]]
) -> UsageError:
    if found.path:
        refuse_generic(key, found.owner, found.class_path)
    word = match["name"].removesuffix(".class_path")
    strange = refused_classes.strange_entry(word.partition(".")[0], found.given)
    if strange is not None:
        return refused_classes.no_entry(key, strange)
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


def _no_mapping(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(
        f"`{key}.init_args` must name arguments, but is {found.given!r}.", "Write `name: value` for each."
    )


def _no_file(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(f"`{key}`: {match['message'].strip()}.", "Correct the path; it starts from the current folder.")


def _no_tensor(found: Reason, key: str, match: re.Match[str], names: object) -> UsageError:
    return UsageError(f"`{key}` must be a number or a list of numbers, but is {found.given}.", "Correct it.")


_Say = Callable[[Reason, str, re.Match[str], Callable[[str], Sequence[str]]], UsageError]
_KINDS: list[tuple[str, _Say]] = [
    (r"^--\S+\.help: Expected a dot import path string: ?(?P<value>.*)", refused_classes.nothing_to_help),
    (r"Expected a dot import path string: ?(?P<value>.*)", refused_classes.unknown_class),
    (r"Expected an instantiatable class", refused_classes.unknown_class),
    (r"No module named '(?P<module>[^']+)'", refused_classes.no_module),
    (r"module '(?P<module>[\w.]+)' has no attribute '(?P<name>\w+)'", refused_classes.no_attribute),
    (
        r"(?:Option|(?:Subcommand '(?P<command>\w+)' )?does not accept option) '(?P<name>[^']+)'",
        _unknown_argument,
    ),
    (r"the following arguments are required: (?P<names>.*)", _missing),
    (r"Import path (?P<path>\S*) ?does not correspond to a subclass of (?P<kind>\w+)", refused_classes.other_kind),
    (r"Not a valid subclass of (?P<kind>\w+)", refused_classes.no_class),
    (r"object has no attribute 'keys'", _no_mapping),
    (r"Not of type Tensor", _no_tensor),
    (r"(?P<message>(?:File does not exist|Path is not a file|Unable to load config).*)", _no_file),
]
