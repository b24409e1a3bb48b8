"""What may stand in the place of a node of the syntax tree: the smallest faults."""

import ast
from collections.abc import Iterable
from functools import singledispatch
from typing import Any, TypeVar

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
TELLING = {"rank_zero_warn", "rank_zero_info", "warn"}  # The words of a message are not mutated, its sending is.


def tells(node: ast.AST) -> bool:
    """Whether a node sends a message."""
    return isinstance(node, ast.Call) and name_of(node) in TELLING


def name_of(node: ast.AST) -> str:
    """The last name of what is called or read; empty if it has none."""
    match node:
        case ast.Call(func=func):
            return name_of(func)
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
    if not tells(node):
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
