"""Small faults in a source file, one at a time; tests that notice them all are good tests."""

import ast
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from faults import faults, name_of, tells

KEPT_DECORATORS = {"override", "property", "staticmethod", "classmethod", "overload", "abstractmethod"}
NOT_CODE = {"annotation", "returns", "bases", "format_spec"}


class Mutant(NamedTuple):
    """A fault.

    Attributes:
        line: Where it is.
        before: What stands there.
        after: What stands there instead.
        lines: Lines whose execution meets the fault; None if that is done by the import.
        source: The whole file with the fault.
    """

    line: int
    before: str
    after: str
    lines: range | None
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Make every fault, one after the other."""
    tree = ast.parse(source)
    for parent, field, index, node, lines in _places(tree, None):
        for new in _faults(parent, field, node):
            before, after = _shown(node), _shown(new)
            _put(parent, field, index, new)
            yield Mutant(node.lineno, before, after, lines, ast.unparse(ast.fix_missing_locations(tree)))
            _put(parent, field, index, node)


def _places(parent: ast.AST, lines: range | None) -> Iterator[tuple[ast.AST, str, int | None, Any, range | None]]:
    for field, value in ast.iter_fields(parent):
        if field in NOT_CODE or (isinstance(parent, ast.ClassDef) and field == "keywords"):
            continue
        for index, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if not isinstance(node, ast.AST) or _is_words(node):
                continue
            here = _lines(parent, field, node, lines)
            if hasattr(node, "lineno"):
                yield parent, field, index, node, here
            if field != "decorator_list" and not isinstance(node, ast.Raise) and not tells(node):
                yield from _places(node, here)


def _is_words(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Subscript(value=ast.Name(id="Literal")) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.keyword(arg="strict"):
            return True
        case ast.Assign(value=ast.Call(func=ast.Name(id="TypeVar"))):
            return True
    return False


def _lines(parent: ast.AST, field: str, node: Any, lines: range | None) -> range | None:
    match node:
        case ast.ClassDef():
            return None
        case ast.FunctionDef(body=body):
            return range(body[0].lineno, node.end_lineno + 1)  # type: ignore[operator]  # Parsed from source, it has an end.
        case ast.stmt() if isinstance(parent, ast.Module | ast.ClassDef):
            return None
        case ast.stmt(body=[first, *_]):  # type: ignore[misc]  # A statement without a body does not match.
            return range(node.lineno, max(first.lineno, node.lineno + 1))
        case ast.stmt():
            return range(node.lineno, node.end_lineno + 1)  # type: ignore[operator]  # Parsed from source, it has an end.
    return lines


def _faults(parent: ast.AST, field: str, node: Any) -> Iterable[ast.AST]:
    if field in {"test", "ifs"} and not _is_negated_anyway(node):
        yield ast.UnaryOp(ast.Not(), node)
    if field == "decorator_list":
        if name_of(node) not in KEPT_DECORATORS:
            yield ast.parse("lambda function: function", mode="eval").body
        return
    yield from faults(node)


def _is_negated_anyway(node: ast.AST) -> bool:
    match node:
        case ast.UnaryOp(op=ast.Not()):
            return True
        case ast.Compare(ops=[op]):
            return not isinstance(op, ast.Lt | ast.LtE | ast.Gt | ast.GtE)
    return False


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef):
        return f"def {node.name}: {'pass' if isinstance(node.body[-1], ast.Pass) else '...'}"
    return ast.unparse(node)
