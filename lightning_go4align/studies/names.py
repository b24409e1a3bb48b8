"""Names in a study: refused where they could not be shown, and safe in spreadsheets and commands."""

import shlex
from collections import Counter
from collections.abc import Iterable, Mapping

from lightning_go4align.plain_text import has_hidden

_LONGEST = 200  # bytes of a folder's name, of which file systems take 255; what follows from it has longer ones


def check_names(key: str, names: Iterable[str]) -> None:
    """Refuse names that a table or a picture could not show as they are.

    Args:
        key: Where in the study they stand.
        names: The names.

    Raises:
        ValueError: If one is empty, begins or ends with a space, or holds a line break or a control character.

    Example:
        >>> check_names("methods", ["GO4Align, K = 2", "深度", "<b>"])
    """
    for name in names:
        if not name.strip():
            raise ValueError(f"`{key}` has the name {name!r}, which nobody can see. Give it another.")
        if name != name.strip() or has_hidden(name):
            raise ValueError(
                f"`{key}` has the name {name!r}. Leave out line breaks, control characters, and spaces at its ends."
            )


def check_folder(name: str) -> None:
    """Refuse the name of a study that could not be that of a folder, or would be taken for an option.

    Args:
        name: The name; empty if the file's is taken.

    Raises:
        ValueError: If it could not.
    """
    if name in (".", "..") or set(name) & set("/\\") or name.startswith("-"):
        raise ValueError(
            f"`name`, or that of its file, is that of the study's folder, but is {name[:80]!r}. Leave out what names "
            "others, and a `-` at the beginning."
        )
    if name:
        check_names("name", [name])
    if len(name.encode()) > _LONGEST:
        raise ValueError(
            f"`name`, or that of its file, is that of the study's folder, but has {len(name)} characters, "
            f"{name[:40]!r} and so on. Shorten it to {_LONGEST} bytes."
        )


def for_a_spreadsheet(cell: object) -> object:
    """Keep a spreadsheet from taking a name for a formula, as the report's own table does.

    Example:
        >>> for_a_spreadsheet("=1+1"), for_a_spreadsheet("LS"), for_a_spreadsheet(-1.5)
        ("'=1+1", 'LS', -1.5)
    """
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(("=", "+", "-", "@")) else cell


def in_a_command(name: str) -> str:
    """Write the name of a study's file so that a shell takes it as one word.

    Example:
        >>> in_a_command("qm9"), in_a_command("a $b")
        ('qm9.yaml', "'a $b.yaml'")
    """
    return shlex.quote(f"{name}.yaml")


def short_name(column: str) -> str:
    """Name of a column in tables.

    Example:
        >>> short_name("test/mu")
        'mu'
    """
    return column.split("/", 1)[-1]


def short_arguments(names: Iterable[str]) -> dict[str, str]:
    """Give each of some dotted names of arguments the shortest end that is the end of no other.

    Args:
        names: The names.

    Example:
        >>> list(short_arguments(["model.init_args.beta", "model.init_args.rate", "model.method.rate"]).values())
        ['beta', 'model.rate', 'method.rate']
    """
    plain = {name: name.replace(".init_args", "").split(".") for name in names}
    ends = Counter(".".join(parts[start:]) for parts in plain.values() for start in range(len(parts)))
    return {name: _shortest(name, parts, ends) for name, parts in plain.items()}


def _shortest(name: str, parts: list[str], ends: Mapping[str, int]) -> str:
    every = (".".join(parts[start:]) for start in reversed(range(len(parts))))
    return next((end for end in every if ends[end] == 1), name)
