import ast
from pathlib import Path
from textwrap import dedent

import pytest

from perf.size import complexity, functions_of, size


@pytest.mark.parametrize(
    ("body", "ways"),
    [
        pytest.param("return 1", 1, id="straight"),
        pytest.param("if x:\n  return 1\nelif y:\n  return 2\nelse:\n  return 3", 3, id="two conditions"),
        pytest.param("return 1 if x and y else 2", 3, id="a condition of two parts"),
        pytest.param("return [a for b in x for a in b if a if b]", 5, id="a comprehension with two filters"),
        pytest.param("try:\n  x()\nexcept A:\n  y()\nexcept B:\n  z()", 3, id="two ways to fail"),
    ],
)
def test_each_decision_is_one_more_way(body: str, ways: int) -> None:
    assert complexity(ast.parse(body)) == ways


def test_lines_of_a_function_are_those_that_do_something(tmp_path: Path) -> None:
    file = tmp_path / "counted.py"
    file.write_text(
        dedent(
            '''
            def two_lines(x):
                """Not this one."""
                # nor this

                y = f(
                    x)  # these are two
            '''
        )
    )
    assert [(function.lines, function.name) for function in functions_of(file)] == [(2, f"{file}:2 two_lines")]


def test_a_long_file_is_named_among_what_is_above_the_limits(tmp_path: Path) -> None:
    (tmp_path / "long.py").write_text("def f():\n    pass\n" + "\n" * 199)
    _, above = size([tmp_path])
    assert list(above.columns[0].cells) == [str(tmp_path / "long.py")]


def test_a_folder_without_code_is_refused(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="Give folders that hold some"):
        list(size([Path(tmp_path)]))
