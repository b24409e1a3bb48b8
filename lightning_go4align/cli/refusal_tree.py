"""jsonargparse's refusals, which are indented trees of every type that a value did not fit, as their one reason."""

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass

_STRUCTURE = re.compile(
    r"Does not validate against|Errors:$|Given value type:|Subclass types expect|a class path \(str\)$|a dict with"
)
_TYPE = re.compile(
    r"Expected an? (?P<type><class '[\w.]+'>|typing\.\S.*?|[\w.]+\[.*?\])(?:\. Got value: (?P<value>.*))?$"
)


@dataclass(frozen=True)
class Reason:
    """Why a value was refused.

    Args:
        path: Keys that lead to the value.
        message: What jsonargparse says of it.
        class_path: The class whose argument it is, as far as that is said.
        owner: The class that has the argument named last in ``path``, as far as that is said.
        kinds: Classes of which the value may be one, by their paths.
        types: Types that the value may have, in words.
        given: The value.
    """

    path: tuple[str, ...]
    message: str
    class_path: str = ""
    kinds: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    given: str = ""
    owner: str = ""


@dataclass
class _Node:
    indent: int
    key: str = ""
    class_path: str = ""
    kinds: str = ""


def reason(text: str) -> Reason:
    r"""Find the reason that helps most: the deepest one of a branch that was meant.

    Args:
        text: What jsonargparse says.

    Example:
        >>> text = 'Parser key "trainer.max_epochs":\n  Expected a <class \'int\'>. Got value: three'
        >>> found = reason(text)
        >>> found.path, found.types, found.given
        (('trainer.max_epochs',), ('int',), 'three')
    """
    leaves = list(_leaves(text))
    if not leaves:
        return Reason((), text)
    best = max(leaves, key=lambda leaf: (_weight(leaf.message), len(leaf.path)))
    if not best.types:
        return best
    types = [name for leaf in leaves if leaf.path == best.path for name in leaf.types if name != "NoneType"]
    return Reason(best.path, best.message, best.class_path, best.kinds, tuple(dict.fromkeys(types)), best.given)


def _weight(message: str) -> int:
    if re.match(r"Expected a <class 'NoneType'>|Expected a path but", message):
        return 0
    if re.match(r"Import path .* does not correspond|Not a valid subclass|Expected a <class '(list|coll)", message):
        return 1
    return 2 if message.startswith("Expected a ") else 3


def _leaves(text: str) -> Iterator[Reason]:
    stack: list[_Node] = [_Node(-1)]
    lines = text.splitlines()
    for number, line in enumerate(lines):
        body = line.strip().removeprefix("- ")
        indent = _indent(line)
        if not body or _STRUCTURE.match(body):
            continue
        if body.startswith("Subtypes:"):
            stack[-1].kinds = body
            continue
        while stack[-1].indent >= indent:
            stack.pop()
        opened, rest = _opened(body, indent)
        if opened is not None:
            stack.append(opened)
        if rest and not body.startswith("Given value:"):
            yield _leaf(stack, rest, _given(stack, indent, lines[number:]))


def _opened(body: str, indent: int) -> tuple[_Node | None, str]:
    key = re.match(r'(?:Parser key|Configuration key) "(?P<key>[^"]+)"[^:]*:\s*(?P<rest>.*)', body)
    if key:
        return _Node(indent, key=key["key"]), key["rest"]
    problem = re.match(r"Problem with given class_path '(?P<path>[^']+)':\s*(?P<rest>.*)", body)
    if problem:
        return _Node(indent, class_path=problem["path"]), problem["rest"]
    return None, body


def _indent(line: str) -> int:
    return len(line) - len(line.lstrip(" -"))


def _given(stack: list[_Node], indent: int, lines: Iterable[str]) -> str:
    """Find the value that a reason is of, which is told behind it, often as a part of the value around it."""
    told = (line for line in lines if line.lstrip().startswith("Given value: ") and _indent(line) <= indent)
    line = next(told, "")
    given = line.lstrip().removeprefix("Given value: ")
    # It may be no literal, or have no such part.
    with suppress(ValueError, SyntaxError, TypeError, KeyError, AttributeError):
        value = ast.literal_eval(given)
        for key in [node.key for node in stack if node.key and node.indent > _indent(line)]:
            value = value.get("init_args", value)[key]
        return str(value)
    return given


def _leaf(stack: list[_Node], message: str, given: str) -> Reason:
    found = _TYPE.match(message)
    if found and found["value"] is not None:
        given = found["value"]
    nested = re.match(r"NestedArg\(key='[^']*', val='?(?P<value>.*?)'?\)$", given)
    return Reason(
        path=tuple(node.key for node in stack if node.key),
        message=message,
        class_path=stack[-1].class_path,
        kinds=tuple(
            re.findall(
                r"([a-zA-Z_]\w*(?:\.\w+)+)", stack[-1].kinds or stack[-2 if stack[-1].class_path else -1].kinds
            )
        ),
        types=tuple(_in_words(found["type"])) if found else (),
        given=nested["value"] if nested else given,
        owner=_owner(stack),
    )


def _owner(stack: list[_Node]) -> str:
    last = max((place for place, node in enumerate(stack) if node.key), default=0)
    return stack[last - 1].class_path if last else ""


def _in_words(typed: str) -> list[str]:
    literal = re.match(r"typing\.Literal\[(.*)\]$", typed)
    if literal:
        return literal[1].split(", ")
    whole = re.match(r"<class '([\w.]+)'>$", typed)
    return [whole[1].rpartition(".")[2] if whole else typed]
