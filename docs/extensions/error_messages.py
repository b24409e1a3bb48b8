"""Every message that the package raises or warns with, and its cause, found by walking the source."""

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from itertools import product
from pathlib import Path
from typing import NamedTuple

from message_texts import HOLE, Scope, Texts, called, calls

DOCS = Path(__file__).parents[1]
PACKAGE = DOCS.parent / "lightning_go4align"
WARNINGS = ("warn", "rank_zero_warn")
KINDS = ("Error", "Exception", "SystemExit")


class Message(NamedTuple):
    """A message and where it comes from.

    Args:
        text: The message, ``…`` for what is filled in when it is shown.
        kind: The exception's class, or ``warning``.
        module: Dotted name of the module.
        cause: When it comes, by the docstring of what raises it; empty if none says so.
    """

    text: str
    kind: str
    module: str
    cause: str


@cache
def causes() -> dict[str, str]:
    """Read the causes that are written by hand, by words of the message."""
    entries = tomllib.loads((DOCS / "causes.toml").read_text("utf-8"))["cause"]
    return {entry["message"]: " ".join(entry["cause"].split()) for entry in entries}


@cache
def messages() -> list[Message]:
    """Find the package's messages, with the causes that are written by hand in the place of the docstrings'."""
    return [found._replace(cause=_written(found) or found.cause) for found in find_messages(PACKAGE)]


def _written(message: Message) -> str:
    return next((cause for words, cause in causes().items() if words in message.text), "")


def part_of(message: Message) -> str:
    """Name the part of the package that a message comes from; ``root`` for the package itself."""
    return [*message.module.split("."), "root"][1]


def find_messages(package: Path) -> list[Message]:
    """Find the messages of a package.

    Args:
        package: Its folder.

    Returns:
        The messages, by module and line, each once; without those of which nothing is known before they are shown.
    """
    trees: dict[str, ast.Module] = {}
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        trees[name] = ast.parse(path.read_text("utf-8"))
    texts = Texts(trees)
    found: dict[tuple[str, str], Message] = {}
    for module in trees:
        for message in _of_module(texts, module):
            if re.search(r"\w{3}", message.text):
                found.setdefault((message.module, message.text), message)
    return list(found.values())


def _of_module(texts: Texts, module: str) -> Iterator[Message]:
    for call, scope in calls(texts.trees[module]):
        kind = _kind(call)
        if not kind or not call.args:
            continue
        # An error of the command line has several lines; a warning's further arguments are no words.
        said = call.args if kind == "UsageError" else call.args[:1]
        for words in product(*(texts.of(part, module, scope) or [HOLE] for part in said)):
            yield Message(" ".join(filter(None, words)), kind, module, _cause(texts, kind, scope))


def _kind(call: ast.Call) -> str:
    name = called(call)
    if name in WARNINGS:
        return "warning"
    if name == "kind":  # A variable: the class of an error that is raised anew with more words.
        return "Exception"
    return name if name.endswith(KINDS) and not name.startswith("_") else ""


def _cause(texts: Texts, kind: str, scope: Scope) -> str:
    """Take the cause from the docstring of what raises it, or of what calls that."""
    seen: set[str] = set()
    while scope and scope[-1].name not in seen:
        for node in reversed(scope):
            if cause := _documented(node, kind):
                return cause
        seen |= {node.name for node in scope}
        around = [found for _, _, found in texts.callers(scope[-1].name)]
        scope = next((found for found in around if found and found[-1].name not in seen), ())
    return ""


def _documented(node: ast.AST, kind: str) -> str:
    """Read the entry of an exception in a Google-style section ``Raises``, or ``Warns``."""
    assert isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef)
    lines = (ast.get_docstring(node) or "").splitlines()
    heading = "Warns:" if kind == "warning" else "Raises:"
    if heading not in lines:
        return ""
    section = "\n".join(lines[lines.index(heading) + 1 :])
    section = re.split(r"^\S", section, maxsplit=1, flags=re.MULTILINE)[0]
    entry = re.search(rf"^    {kind}: (.+?)(?=^    \S|\Z)", section, re.MULTILINE | re.DOTALL)
    return " ".join(entry[1].split()) if entry else ""
