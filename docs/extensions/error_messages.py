"""Every message that the package raises or warns with, and its cause, found by walking the source."""

import ast
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import NamedTuple

DOCS = Path(__file__).parents[1]
PACKAGE = DOCS.parent / "lightning_go4align"
HOLE = "…"
WARNINGS = ("warn", "rank_zero_warn")
KINDS = ("Error", "Exception", "SystemExit")
Scope = tuple[ast.ClassDef | ast.FunctionDef, ...]


class Message(NamedTuple):
    """A message and where it comes from.

    Args:
        text: The message, ``…`` for what is filled in when it is shown.
        kind: The exception's class, or ``warning``.
        module: Dotted name of the module.
        scope: Names of the classes and functions around it, joined by dots.
        cause: When it comes, by the docstring of what raises it; empty if none says so.
    """

    text: str
    kind: str
    module: str
    scope: str
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


def find_messages(package: Path) -> list[Message]:
    """Find the messages of a package.

    Args:
        package: Its folder.

    Returns:
        The messages, by module and line, each once.

    Raises:
        ValueError: If the text of one cannot be read from the source.
    """
    found: dict[tuple[str, str], Message] = {}
    for path in sorted(package.rglob("*.py")):
        name = ".".join(path.relative_to(package.parent).with_suffix("").parts).removesuffix(".__init__")
        for message in Module(name, ast.parse(path.read_text("utf-8"))).messages():
            found.setdefault((message.module, message.text), message)
    return list(found.values())


@dataclass
class Module:
    """A module of the package.

    Args:
        name: Its dotted name.
        tree: Its syntax.
    """

    name: str
    tree: ast.Module

    def messages(self) -> Iterator[Message]:
        """Yield its messages by line."""
        for call, scope in _calls(self.tree, ()):
            kind = _kind(call)
            if not kind or not call.args:
                continue
            for text in self._texts(call.args[0], scope):
                yield Message(text, kind, self.name, _dotted(scope), self._cause(kind, scope))

    def _texts(self, node: ast.expr, scope: Scope) -> list[str]:
        """Read what an expression may say; several texts if it depends."""
        match node:
            case ast.Constant(value=str(text)):
                return [text]
            case ast.Constant():  # an exit status
                return []
            case ast.JoinedStr():
                return ["".join(self._part(part) for part in node.values)]
            case ast.IfExp():
                return self._texts(node.body, scope) + self._texts(node.orelse, scope)
            case ast.BinOp(op=ast.Add()):
                return [a + b for a in self._texts(node.left, scope) for b in self._texts(node.right, scope)]
            case ast.Call(func=ast.Attribute(attr="rstrip" | "strip", value=value)):
                return self._texts(value, scope)
            case ast.Call(func=ast.Name(id=name)):
                return self._returned(name)
            case ast.Name(id=name):
                return self._passed(name, scope)
        raise ValueError(f"{self.name}:{node.lineno}: the message must be a string, but is `{ast.unparse(node)}`.")

    def _part(self, part: ast.expr) -> str:
        """Read a piece of an f-string: its words, a constant of the module, or a hole."""
        match part:
            case ast.Constant(value=value) | ast.FormattedValue(value=ast.Constant(value=value)):
                return str(value)
            case ast.FormattedValue(value=ast.Name(id=name)):
                return self.constants.get(name, HOLE)
        return HOLE

    @cached_property
    def constants(self) -> dict[str, str]:
        """Its constants that are words, by name."""
        assigned = [node for node in self.tree.body if isinstance(node, ast.Assign)]
        words = [(node.targets[0], node.value.value) for node in assigned if isinstance(node.value, ast.Constant)]
        return {name.id: word for name, word in words if isinstance(name, ast.Name) and isinstance(word, str)}

    def _returned(self, function: str) -> list[str]:
        definitions = [node for node in ast.walk(self.tree) if _is_function(node, function)]
        returns = [node for one in definitions for node in ast.walk(one) if isinstance(node, ast.Return)]
        return [text for node in returns if node.value for text in self._texts(node.value, ())]

    def _passed(self, parameter: str, scope: Scope) -> list[str]:
        """Read what the module itself passes to a function of its own as its message."""
        function = scope[-1]
        assert isinstance(function, ast.FunctionDef)
        names = [argument.arg for argument in function.args.args if argument.arg != "self"]
        place = names.index(parameter)
        calls = [(call, around) for call, around in _calls(self.tree, ()) if _name(call) == function.name]
        return [text for call, around in calls for text in self._texts(call.args[place], around)]

    def _cause(self, kind: str, scope: Scope) -> str:
        """Take the cause from the docstring of what raises it, or of what calls that."""
        seen: set[str] = set()
        while scope and scope[-1].name not in seen:
            for node in reversed(scope):
                if cause := _documented(node, kind):
                    return cause
            seen |= {node.name for node in scope}
            callers = [around for call, around in _calls(self.tree, ()) if _name(call) == scope[-1].name]
            scope = next((around for around in callers if around and around[-1].name not in seen), ())
        return ""


def _calls(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.Call, Scope]]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, scope
        yield from _calls(child, (*scope, child) if isinstance(child, ast.ClassDef | ast.FunctionDef) else scope)


def _kind(call: ast.Call) -> str:
    name = _name(call)
    if name in WARNINGS:
        return "warning"
    return name if name.endswith(KINDS) and not name.startswith("_") else ""


def _name(call: ast.Call) -> str:
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _is_function(node: ast.AST, name: str) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def _dotted(scope: Scope) -> str:
    return ".".join(node.name for node in scope)


def _documented(node: ast.ClassDef | ast.FunctionDef, kind: str) -> str:
    """Read the entry of an exception in a Google-style section ``Raises``, or ``Warns``."""
    lines = (ast.get_docstring(node) or "").splitlines()
    heading = "Warns:" if kind == "warning" else "Raises:"
    if heading not in lines:
        return ""
    section = "\n".join(lines[lines.index(heading) + 1 :])
    section = re.split(r"^\S", section, maxsplit=1, flags=re.MULTILINE)[0]
    entry = re.search(rf"^    {kind}: (.+?)(?=^    \S|\Z)", section, re.MULTILINE | re.DOTALL)
    return " ".join(entry[1].split()) if entry else ""
