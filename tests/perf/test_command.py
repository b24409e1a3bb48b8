import ast
import subprocess
import sys
from pathlib import Path

import pytest

from perf.__main__ import COMMANDS, main

ROOT = Path(__file__).parents[2]


def test_help_names_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    answer = capsys.readouterr().out
    assert {name for name in COMMANDS if name in answer} == set(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_a_function_in_a_file_of_its_name(name: str) -> None:
    statements = ast.parse((ROOT / "perf" / f"{name}.py").read_text()).body
    assert name in {statement.name for statement in statements if isinstance(statement, ast.FunctionDef)}


def test_a_command_prints_its_tables_and_nothing_else() -> None:
    command = [sys.executable, "-m", "perf", "size", "--folders=[tests/perf]"]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert answer.stdout.startswith("Size ")
    assert not answer.stderr
