"""Names that people give, kept apart from markup, and the sentences that hold them."""

import re
import unicodedata
from collections.abc import Sequence
from html import escape

_SPELT_OUT = 12  # names; more would fill the line

# Line breaks, control characters, halves of characters, and what turns the direction of the text that follows.
_HIDDEN_KINDS = {"Cc", "Cs", "Zl", "Zp"}
_TURNS = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_MARKED = re.compile(
    r"\\(?P<letter>.)|\*\*(?P<bold>(?:\\.|[^\\])*?)\*\*|`(?P<code>[^`]+)`|(?P<rest>[^\\*`]+|.)", re.DOTALL
)


def has_hidden(text: str) -> bool:
    r"""Say whether a text holds what nobody could see, or what changes how the rest is seen.

    Example:
        >>> has_hidden("GO4Align, 深度 <b>"), has_hidden("a\nb"), has_hidden("a\u202ecba")
        (False, True, True)
    """
    return any(map(_is_hidden, text))


def in_one_line(value: object) -> str:
    r"""Write a value so that a name can hold it.

    Example:
        >>> in_one_line("a\n b\x00")
        'a b·'
    """
    return "".join("·" if _is_hidden(one) else one for one in " ".join(str(value).split()))


def in_markdown(name: str) -> str:
    r"""Write a name so that Markdown shows it as it is; bars are left to who writes a table.

    Example:
        >>> print(in_markdown("**a** <b> gene_7 [x](y)"))
        \*\*a\*\* \<b> gene_7 \[x](y)
    """
    # An underscore inside a word is one; at an end of it, it could be markup.
    return re.sub(r"[\\`*<\[&$~]|(?<!\w)_|_(?!\w)", r"\\\g<0>", name)


def in_html(sentence: str) -> str:
    r"""Make a sentence HTML: what stands between ``**`` bold, what stands between backticks code.

    Args:
        sentence: With names as ``in_markdown`` writes them: a letter behind a backslash is no markup.

    Example:
        >>> in_html("**<a>** is held back: lower `beta`")
        '<b>&lt;a&gt;</b> is held back: lower <code>beta</code>'
        >>> in_html(r"**a\*\*b**")
        '<b>a**b</b>'
    """
    return _MARKED.sub(_as_html, sentence)


def few_of(names: Sequence[str]) -> str:
    """List names; of many the first and the last.

    Example:
        >>> few_of(["depth", "normal"]), few_of([f"task_{i}" for i in range(40)])
        ("['depth', 'normal']", "['task_0', ... 38 more ..., 'task_39']")
    """
    if len(names) <= _SPELT_OUT:
        return repr(list(names))
    return f"[{names[0]!r}, ... {len(names) - 2:,} more ..., {names[-1]!r}]"


def _as_html(match: re.Match[str]) -> str:
    kind = str(match.lastgroup)
    if kind == "bold":
        return f"<b>{in_html(match[kind])}</b>"
    return f"<code>{escape(match[kind])}</code>" if kind == "code" else escape(match[kind])


def _is_hidden(character: str) -> bool:
    return unicodedata.category(character) in _HIDDEN_KINDS or character in _TURNS
