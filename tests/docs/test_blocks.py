"""The code of the README and of the site is code: it parses, and what it imports is there."""

import ast
import re
import subprocess
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").glob("[!_]*/*.md")),
    *(ROOT / "docs").glob("*.md"),
]
WIDTH = 92  # What the column of the site shows without scrolling, see examples/ruff.toml.
FENCE = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Block(NamedTuple):
    page: Path
    language: str
    code: str


BLOCKS = [Block(page, *found) for page in PAGES for found in FENCE.findall(page.read_text("utf-8"))]


def each(language: str) -> pytest.MarkDecorator:
    found = [block for block in BLOCKS if block.language == language]
    names = [f"{block.page.relative_to(ROOT)}-{index}" for index, block in enumerate(found)]
    return pytest.mark.parametrize("block", [pytest.param(b, id=name) for b, name in zip(found, names, strict=True)])


@each("python")
def test_every_python_block_parses_and_imports_what_exists(block: Block) -> None:
    for node in ast.walk(ast.parse(block.code)):
        if isinstance(node, ast.ImportFrom):
            module = import_module(node.module)  # type: ignore[arg-type]  # None for a relative import, which a page has not.
            assert [alias.name for alias in node.names if not hasattr(module, alias.name)] == []
        elif isinstance(node, ast.Import):
            for alias in node.names:
                import_module(alias.name)


def test_every_shell_block_parses() -> None:
    shell = "\n".join(f"({block.code}\n)" for block in BLOCKS if block.language == "bash")
    assert subprocess.run(["bash", "-n", "-c", shell], capture_output=True, text=True).stderr == ""


@each("yaml")
def test_every_yaml_block_is_a_mapping(block: Block) -> None:
    assert isinstance(yaml.safe_load(block.code), dict)


SHOWN = sorted((ROOT / "examples" / "recipes").glob("*/balanced.py"))


def test_no_line_of_code_is_wider_than_the_column_of_the_site() -> None:
    """The README is left out: its two commands are one line each, which GitHub shows."""
    blocks = [(block.page.name, block.code) for block in BLOCKS if block.page.name != "README.md"]
    scripts = [(path.parent.name, path.read_text("utf-8").partition("\n")[2]) for path in SHOWN]
    lines = [(name, line) for name, code in blocks + scripts for line in code.splitlines()]
    assert [(name, line) for name, line in lines if len(line) > WIDTH] == []


def run(page: Path) -> dict[str, Any]:
    """Run the Python of a page as it stands, from top to bottom."""
    names: dict[str, Any] = {}
    for block in BLOCKS:
        if block.page == page and block.language == "python":
            exec(compile(block.code, str(page), "exec"), names)
    return names


RUN = sorted({block.page for block in BLOCKS if block.language == "python"} - {ROOT / "README.md"})


@pytest.mark.parametrize("page", RUN, ids=lambda page: page.stem)
def test_every_page_runs_as_it_stands(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The README is left out: it names what the reader has, such as `data`."""
    monkeypatch.chdir(tmp_path)
    run(page)


def test_the_five_minutes_balance_what_lies_five_powers_of_ten_apart() -> None:
    weights = run(ROOT / "docs" / "start" / "five_minutes.md")["balance"].task_weights
    assert weights["depth"] > 1000 * weights["price"]


def test_the_readme_keeps_its_two_commands() -> None:
    setup = (ROOT / "README.md").read_text("utf-8").partition("## Set up")[2].partition("## Use")[0]
    commands = [code for language, code in FENCE.findall(setup) if language == "bash"]
    assert [command.count("\n") for command in commands] == [1, 1]
    assert commands[0].endswith(
        "go4align fit -c configs/qm9/base.yaml -c configs/qm9/quick.yaml -c configs/qm9/go4align_robust.yaml "
        "--model.init_args.learning_rate 8e-3\n"
    )
    assert commands[1].endswith(".ci/check\n")
