"""What an expression in the source may say, read without running it."""

import ast
from collections import defaultdict
from collections.abc import Iterator
from functools import cached_property

HOLE = "…"
Function = ast.FunctionDef | ast.AsyncFunctionDef
Scope = tuple[ast.ClassDef | Function, ...]


def calls(node: ast.AST, scope: Scope = ()) -> Iterator[tuple[ast.Call, Scope]]:
    """Yield the calls below a node, each with the classes and functions around it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Call):
            yield child, scope
        yield from calls(child, (*scope, child) if isinstance(child, ast.ClassDef | Function) else scope)


def called(call: ast.Call) -> str:
    """Tell the last name of what is called."""
    function = call.func
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


class Texts:
    """Read what the expressions of a package may say.

    Args:
        trees: Its modules by name.
    """

    def __init__(self, trees: dict[str, ast.Module]) -> None:
        self.trees = trees
        self._reading: set[str] = set()  # Functions that are being read: one may return what it returns itself.

    def of(self, node: ast.expr, module: str, scope: Scope) -> list[str]:
        """Read an expression.

        Args:
            node: The expression.
            module: The module that it stands in.
            scope: The classes and functions around it.

        Returns:
            What it may say, several texts if it depends, ``…`` for what is known only when it runs.
        """
        match node:
            case ast.Constant(value=value):
                return [value] if isinstance(value, str) else []
            case ast.JoinedStr():
                return ["".join(self._part(part, module) for part in node.values)]
            case ast.IfExp(body=body, orelse=orelse):
                return self.of(body, module, scope) + self.of(orelse, module, scope)
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                return [a + b for a in self.of(left, module, scope) for b in self.of(right, module, scope)]
            case ast.Call(func=ast.Attribute(attr="rstrip" | "strip", value=value)):
                return self.of(value, module, scope)
            case ast.Call(func=ast.Name() | ast.Attribute() as function):
                return self._returned(function, module, scope) or [HOLE]
            case ast.Name(id=name):
                return self._named(name, module, scope)
        return [HOLE]

    def _part(self, part: ast.expr, module: str) -> str:
        match part:
            case ast.Constant(value=value) | ast.FormattedValue(value=ast.Constant(value=value)):
                return str(value)
            case ast.FormattedValue(value=ast.Name(id=name)):
                return self._constants[module].get(name, HOLE)
        return HOLE

    @cached_property
    def _constants(self) -> dict[str, dict[str, str]]:
        """Constants that are words, by module and name."""
        found: dict[str, dict[str, str]] = {}
        for module, tree in self.trees.items():
            assigned = [node for node in tree.body if isinstance(node, ast.Assign)]
            found[module] = {
                ast.unparse(node.targets[0]): node.value.value
                for node in assigned
                if isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
            }
        return found

    @cached_property
    def _calls(self) -> list[tuple[str, ast.Call, Scope]]:
        return [(module, call, scope) for module, tree in self.trees.items() for call, scope in calls(tree)]

    @cached_property
    def _definitions(self) -> dict[str, list[tuple[str, Function]]]:
        """Functions by their names, each with its module."""
        found: dict[str, list[tuple[str, Function]]] = defaultdict(list)
        for module, tree in self.trees.items():
            for node in ast.walk(tree):
                if isinstance(node, Function):
                    found[node.name].append((module, node))
        return found

    def callers(self, function: str) -> list[tuple[str, ast.Call, Scope]]:
        """Find the calls of a function by its name."""
        return [found for found in self._calls if called(found[1]) == function]

    def _returned(self, function: ast.expr, module: str, scope: Scope) -> list[str]:
        """Read what a function returns: one of the module, the package's one of this name, or one that is passed."""
        if isinstance(function, ast.Lambda):
            return self.of(function.body, module, scope)
        if isinstance(function, ast.Call) and called(function) == "partial":
            return self._returned(function.args[0], module, scope)
        name = function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
        definitions = self._definitions[name]
        here = [(there, one) for there, one in definitions if there == module]
        around = next((n for n in reversed(scope) if isinstance(n, Function) and name in _parameters(n)), None)
        if around is not None:
            return [t for there, given, at in self._given(name, around) for t in self._returned(given, there, at)]
        if name in self._reading:
            return []
        self._reading.add(name)
        known = here or (definitions if len(definitions) == 1 else [])
        returns = [(there, one, n) for there, one in known for n in ast.walk(one) if isinstance(n, ast.Return)]
        found = [text for there, one, n in returns if n.value for text in self.of(n.value, there, (one,))]
        self._reading.remove(name)
        return found

    def _named(self, name: str, module: str, scope: Scope) -> list[str]:
        """Read a variable, a parameter by what is passed for it, or a constant."""
        for function in reversed(scope):
            assigned = [n.value for n in ast.walk(function) if isinstance(n, ast.Assign) and _assigns(n, name)]
            if assigned:
                return [text for value in assigned for text in self.of(value, module, scope)]
            if isinstance(function, Function) and name in _parameters(function):
                return self._passed(name, function)
        return [self._constants[module].get(name, HOLE)]

    def _passed(self, name: str, function: Function) -> list[str]:
        given = self._given(name, function)
        return [text for module, value, around in given for text in self.of(value, module, around)] or [HOLE]

    def _given(self, name: str, function: Function) -> Iterator[tuple[str, ast.expr, Scope]]:
        """Yield what the package passes for a parameter."""
        place = _parameters(function).index(name)
        for module, call, around in self.callers(function.name):
            named = [keyword.value for keyword in call.keywords if keyword.arg == name]
            yield from ((module, value, around) for value in named or call.args[place : place + 1])


def _assigns(node: ast.Assign, name: str) -> bool:
    return any(isinstance(target, ast.Name) and target.id == name for target in node.targets)


def _parameters(function: Function) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [argument.arg for argument in arguments if argument.arg not in ("self", "cls")]
