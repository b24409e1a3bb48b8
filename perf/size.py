"""How large the code is: files, functions, and how many ways lead through them."""

import ast
import statistics
import tokenize
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from pathlib import Path
from typing import NamedTuple

from rich.table import Table

from perf.tables import table

_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}
_BRANCHES = ast.If | ast.IfExp | ast.For | ast.AsyncFor | ast.While | ast.ExceptHandler | ast.Assert | ast.match_case


class Function(NamedTuple):
    """A function of the code.

    Args:
        name: Its file, line and name.
        lines: Lines of its body, without docstring, comments and blank lines.
        complexity: Number of ways through it, see :func:`complexity`.
    """

    name: str
    lines: int
    complexity: int


def size(folders: Sequence[Path] = (Path("lightning_go4align"), Path("perf"), Path("tests"))) -> Iterator[Table]:
    """Count files and functions, and name what is above the limits of this project.

    Args:
        folders: Folders of Python files.

    Yields:
        A table with a row for each folder; then the files above 200 lines and the functions above complexity 10.
    """
    counts = table("Size", "folder", "files", "lines", "longest", "functions", "median", "p90", "max", "complexity")
    above = table("Above 200 lines, or above complexity 10", "where", "size")
    for folder in folders:
        lines = {str(file): len(file.read_text().splitlines()) for file in sorted(folder.rglob("*.py"))}
        if not lines:
            raise SystemExit(f"There is no Python file in {folder}. Give folders that hold some.")
        functions = [function for file in lines for function in functions_of(Path(file))]
        counts.add_row(str(folder), *(f"{count:g}" for count in _counts(list(lines.values()), functions)))
        for where, number in _above(lines, functions).items():
            above.add_row(where, str(number))
    yield counts
    yield above


def _counts(lines: Sequence[int], functions: Sequence[Function]) -> list[float]:
    lengths = sorted(function.lines for function in functions)
    of_files = [len(lines), sum(lines), max(lines)]
    of_functions = [len(lengths), statistics.median(lengths), lengths[len(lengths) * 9 // 10], lengths[-1]]
    return [*of_files, *of_functions, max(function.complexity for function in functions)]


def _above(lines: Mapping[str, int], functions: Sequence[Function]) -> dict[str, int]:
    large = {file: number for file, number in lines.items() if number > 200}
    return large | {function.name: function.complexity for function in functions if function.complexity > 10}


def functions_of(file: Path) -> list[Function]:
    """List the functions of a file, methods and inner ones among them.

    Args:
        file: Python file.
    """
    text = file.read_text()
    nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    code = {
        line
        for token in tokenize.generate_tokens(StringIO(text).readline)
        if token.type not in _SKIPPED
        for line in range(token.start[0], token.end[0] + 1)
    }
    return [Function(f"{file}:{node.lineno} {node.name}", _lines(node, code), complexity(node)) for node in nodes]


def _lines(node: ast.FunctionDef | ast.AsyncFunctionDef, code: set[int]) -> int:
    body = node.body[1:] if ast.get_docstring(node) else node.body
    return len(code & set(range(body[0].lineno, body[-1].end_lineno + 1))) if body else 0  # type: ignore[operator]  # it has one


def complexity(node: ast.AST) -> int:
    """Count the ways through a function, McCabe's number, as radon does.

    Stricter than ruff's C901, which counts neither ``and`` and ``or`` nor conditional expressions nor what
    comprehensions ask.

    Args:
        node: The function.

    Example:
        >>> complexity(ast.parse("def f(x): return [y for y in x if y and y > 0] if x else None"))
        5
    """
    ways = 1
    for part in ast.walk(node):
        if isinstance(part, _BRANCHES):
            ways += 1
        elif isinstance(part, ast.BoolOp):
            ways += len(part.values) - 1
        elif isinstance(part, ast.comprehension):
            ways += 1 + len(part.ifs)
    return ways
