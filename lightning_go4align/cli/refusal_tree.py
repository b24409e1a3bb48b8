"""jsonargparse's refusals, which are indented trees of every type that a value did not fit, as their one reason."""

import re
from collections.abc import Iterator
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
    values = re.findall(r"Given value: (.*)", text)
    for line in text.splitlines():
        body = line.strip().removeprefix("- ")
        indent = len(line) - len(line.lstrip(" -"))
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
            yield _leaf(stack, rest, values)


def _opened(body: str, indent: int) -> tuple[_Node | None, str]:
    key = re.match(r'(?:Parser key|Configuration key) "(?P<key>[^"]+)"[^:]*:\s*(?P<rest>.*)', body)
    if key:
        return _Node(indent, key=key["key"]), key["rest"]
    problem = re.match(r"Problem with given class_path '(?P<path>[^']+)':\s*(?P<rest>.*)", body)
    if problem:
        return _Node(indent, class_path=problem["path"]), problem["rest"]
    return None, body


def _leaf(stack: list[_Node], message: str, values: list[str]) -> Reason:
    found = _TYPE.match(message)
    given = values[0] if values else ""
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
    )


def _in_words(typed: str) -> list[str]:
    literal = re.match(r"typing\.Literal\[(.*)\]$", typed)
    if literal:
        return literal[1].split(", ")
    whole = re.match(r"<class '([\w.]+)'>$", typed)
    return [whole[1].rpartition(".")[2] if whole else typed]
