"""Names that people give: refused where they could not be shown, and kept apart from markup where they can."""

import re
import shlex
import unicodedata
from collections.abc import Iterable

_LONGEST = 200  # bytes of a folder's name, of which file systems take 255; what follows from it has longer ones
# Line breaks, control characters, halves of characters, and what turns the direction of the text that follows.
_HIDDEN_KINDS = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


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
        if name != name.strip() or any(map(_is_hidden, name)):
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
    what = f"`name`, or that of the study's file, is that of the study's folder, but is {name[:80]!r}"
    if name in (".", "..") or set(name) & set("/\\") or name.startswith("-"):
        raise ValueError(f"{what}. Leave out what names others, and a `-` at the beginning.")
    if name:
        check_names("name", [name])
    if len(name.encode()) > _LONGEST:
        raise ValueError(f"{what}, and so on, {len(name)} characters. Shorten it to {_LONGEST} bytes.")


def in_markdown(name: str) -> str:
    r"""Write a name so that Markdown shows it as it is.

    Example:
        >>> print(in_markdown("**a** <b> gene_7 [x](y)"))
        \*\*a\*\* \<b> gene_7 \[x](y)
    """
    # An underscore inside a word is one; at an end of it, it could be markup.
    return re.sub(r"[\\`*<\[&$~]|(?<!\w)_|_(?!\w)", r"\\\g<0>", name)


def in_one_line(value: object) -> str:
    r"""Write a value so that a name can hold it.

    Example:
        >>> in_one_line("a\n b\x00")
        'a b·'
    """
    return "".join("·" if _is_hidden(one) else one for one in " ".join(str(value).split()))


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


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN_KINDS or character in _TURNS
