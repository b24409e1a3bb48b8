"""Names that somebody may give, for whatever has a name: shown as they are, or refused."""

import pytest
from _pytest.mark import ParameterSet

SHOWN = {
    "HTML": "</script><script>alert(1)</script>",
    "quotes": '"a\' b"',
    "an attribute": '"><img src=x onerror=alert(1)>',
    "slash": "../a/b",
    "a formula": "=1+1",
    "comma": "a, b;c",
    "dash": "-x",
    "percent": "%s %(a)s %",
    "dollars": "$x$ ${a}",
    "TeX": r"\nothing{_^&#~",
    "bars": r"a|b \| c\\|d",
    "stars": "**a** *b* _c_ d_e",
    "code": "`a` <b> &amp;",
    "a link": "[a](javascript:alert(1))",
    "rich markup": "[red]a[/red] [/]",
    "braces": "{{7*7}} {a}",
    "emoji": "a 🙂",
    "joined emoji": "👩‍🔬",
    "right to left": "שלום 1",
    "300 characters": "x" * 150 + "1" + "x" * 149,
    "300 others": "x" * 150 + "2" + "x" * 149,
    "lower case": "ls",
}
HIDDEN = {
    "empty": "",
    "a space": " ",
    "a line break": "a\nb",
    "a tab": "a\tb",
    "NUL": "a\0b",
    "an escape": "\x1b[31ma",
    "turned around": "a\u202ecba",
    "a space at the end": "LS ",
    "half a character": "a\ud800",
}
UNFIT_FOR_A_FOLDER = {
    "two dots": "..",
    "a dot": ".",
    "slash": "a/b",
    "backslash": "a\\b",
    "dash": "-x",
    "long": "ä" * 150,
}


def parameters(*groups: dict[str, str]) -> list[ParameterSet]:
    """The names of groups as parameters of a test."""
    return [pytest.param(name, id=said) for group in groups for said, name in group.items()]
