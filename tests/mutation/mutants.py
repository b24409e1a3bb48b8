"""Small faults in a source file, one at a time; tests that notice them all are good tests."""

import ast
from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any, NamedTuple, TypeVar

Node = TypeVar("Node", bound=ast.AST)
COMPARED = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
COMPUTED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Div,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitAnd: ast.BitOr,
    ast.BitOr: ast.BitAnd,
}
OPPOSITES = (
    "min max",
    "amin amax",
    "minimum maximum",
    "argmin argmax",
    "any all",
    "zeros ones",
    "zeros_like ones_like",
    "new_zeros new_ones",
    "cumsum cumprod",
    "sum mean",
)
OPPOSITE = {a: b for pair in OPPOSITES for a, b in (pair.split(), reversed(pair.split()))}
OMITTED_CALLS = {"detach", "clone", "clamp", "nan_to_num", "to", "abs", "double", "float", "contiguous", "sort"}
KEPT_DECORATORS = {"override", "property", "staticmethod", "classmethod", "overload", "abstractmethod"}
TELLING = {"rank_zero_warn", "rank_zero_info", "warn"}  # The words of a message are not mutated, its sending is.
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
            if field != "decorator_list" and not isinstance(node, ast.Raise) and not _tells(node):
                yield from _places(node, here)


def _is_words(node: ast.AST) -> bool:
    match node:
        case ast.Expr(value=ast.Constant()) | ast.Import() | ast.ImportFrom() | ast.JoinedStr():
            return True
        case ast.Subscript(value=ast.Name(id="Literal")) | ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return True
        case ast.Assign(targets=[ast.Name(id="__all__")]) | ast.keyword(arg="strict"):
            return True
    return False


def _lines(parent: ast.AST, field: str, node: Any, lines: range | None) -> range | None:
    match node:
        case ast.ClassDef():
            return None
        case ast.FunctionDef(body=body):
            return range(body[0].lineno, node.end_lineno + 1)  # type: ignore[operator]
        case ast.stmt() if isinstance(parent, ast.Module | ast.ClassDef):
            return None
        case ast.stmt(body=[first, *_]):  # type: ignore[misc]
            return range(node.lineno, max(first.lineno, node.lineno + 1))
        case ast.stmt():
            return range(node.lineno, node.end_lineno + 1)  # type: ignore[operator]
    return lines


def _faults(parent: ast.AST, field: str, node: Any) -> Iterable[ast.AST]:
    if field in {"test", "ifs"} and not _is_negated_anyway(node):
        yield ast.UnaryOp(ast.Not(), node)
    if field == "decorator_list":
        if _name(node) not in KEPT_DECORATORS:
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


def _tells(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and _name(node) in TELLING


def _name(node: ast.AST) -> str:
    match node:
        case ast.Call(func=func):
            return _name(func)
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


@singledispatch
def faults(node: ast.AST) -> Iterable[ast.AST]:
    """Say what may stand in the place of a node."""
    return ()


@faults.register
def _(node: ast.Compare) -> Iterable[ast.AST]:
    for i, op in enumerate(node.ops):
        yield _with(node, ops=[*node.ops[:i], COMPARED[type(op)](), *node.ops[i + 1 :]])
    match node:  # Sizes are never negative, variables may be.
        case ast.Compare(left=ast.Name(), ops=[ast.Eq()], comparators=[ast.Constant(value=0)]):
            yield _with(node, ops=[ast.LtE()])


@faults.register(ast.BinOp)
@faults.register(ast.AugAssign)
def _(node: Any) -> Iterable[ast.AST]:
    if type(node.op) in COMPUTED:
        yield _with(node, op=COMPUTED[type(node.op)]())
    if isinstance(node, ast.AugAssign):
        yield ast.Pass()


@faults.register
def _(node: ast.BoolOp) -> Iterable[ast.AST]:
    yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())


@faults.register
def _(node: ast.UnaryOp) -> Iterable[ast.AST]:
    yield node.operand


@faults.register
def _(node: ast.Constant) -> Iterable[ast.AST]:
    match node.value:
        case bool():
            yield ast.Constant(not node.value)
        case int() | float():
            yield ast.Constant(node.value + 1)
        case str():
            yield ast.Constant(f"XX{node.value}")


@faults.register
def _(node: ast.Call) -> Iterable[ast.AST]:
    if not _tells(node):
        for i, keyword in enumerate(node.keywords):
            if keyword.arg not in {None, "strict"}:
                yield _with(node, keywords=[*node.keywords[:i], *node.keywords[i + 1 :]])
    match node.func:
        case ast.Attribute(value=value, attr=name) if name in OMITTED_CALLS:
            yield value
        case ast.Attribute(attr=name) if name in OPPOSITE:
            yield _with(node, func=_with(node.func, attr=OPPOSITE[name]))
        case ast.Name(id=name) if name in OPPOSITE:
            yield _with(node, func=ast.Name(OPPOSITE[name]))


@faults.register
def _(node: ast.Return) -> Iterable[ast.AST]:
    if node.value is not None and not (isinstance(node.value, ast.Constant) and node.value.value is None):
        yield ast.Return(ast.Constant(None))


@faults.register(ast.Raise)
@faults.register(ast.Delete)
@faults.register(ast.Break)
@faults.register(ast.Continue)
def _(node: ast.stmt) -> Iterable[ast.AST]:
    yield ast.Pass()


@faults.register
def _(node: ast.Expr) -> Iterable[ast.AST]:
    if isinstance(node.value, ast.Call):
        yield ast.Pass()


@faults.register
def _(node: ast.Assign) -> Iterable[ast.AST]:
    if not all(isinstance(target, ast.Name) for target in node.targets):
        yield ast.Pass()


@faults.register
def _(node: ast.FunctionDef) -> Iterable[ast.AST]:
    documented = ast.get_docstring(node) is not None
    if len(node.body) > 1 + documented:
        yield _with(node, body=[*node.body[:documented], ast.Pass()])


def _with(node: Node, **fields: Any) -> Node:
    return ast.copy_location(type(node)(**{**dict(ast.iter_fields(node)), **fields}), node)


def _put(parent: ast.AST, field: str, index: int | None, node: ast.AST) -> None:
    if index is None:
        setattr(parent, field, node)
    else:
        getattr(parent, field)[index] = node


def _shown(node: ast.AST) -> str:
    if isinstance(node, ast.FunctionDef):
        return f"def {node.name}: {'pass' if isinstance(node.body[-1], ast.Pass) else '...'}"
    return ast.unparse(node)
