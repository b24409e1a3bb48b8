"""What can be said of the recipes without the packages that they are for."""

import io
import re
import tokenize
from configparser import ConfigParser
from pathlib import Path

import pytest
from recipe_claims import RECIPES

ROOT = Path(__file__).parents[2]
INDEX = ROOT / "docs" / "recipes" / "index.md"
NAMES = sorted(path.parent.name for path in RECIPES.glob("*/balanced.py"))
NO_CODE = {tokenize.COMMENT, tokenize.NL, tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER}


def lines_of_code(source: str) -> int:
    """Count the lines that hold more than a comment or a docstring."""
    lines, is_docstring = set(), True
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type in NO_CODE:
            is_docstring |= token.type in (tokenize.NEWLINE, tokenize.INDENT)
            continue
        if not (token.type == tokenize.STRING and is_docstring):
            lines.update(range(token.start[0], token.end[0] + 1))
        is_docstring = False
    return len(lines)


SOURCE = '''"""Text."""

import a  # why


def f():
    """More
    text."""
    # no
    return a(
        "x",
    )
'''


def test_a_line_of_code_is_one_that_is_no_comment_and_no_docstring():
    assert lines_of_code(SOURCE) == 5


@pytest.mark.parametrize("name", NAMES)
def test_what_a_user_writes_is_at_most_25_lines(name):
    assert lines_of_code((RECIPES / name / "balanced.py").read_text("utf-8")) <= 25


@pytest.mark.parametrize("name", NAMES)
def test_the_table_of_recipes_has_the_number_of_its_lines(name):
    lines = lines_of_code((RECIPES / name / "balanced.py").read_text("utf-8"))
    (row,) = re.findall(rf"^\|.*\]\({name.split('_')[0]}\.md\).*$", INDEX.read_text("utf-8"), re.MULTILINE)
    assert row.split("|")[3].strip() == str(lines)


@pytest.mark.parametrize("name", NAMES)
def test_every_recipe_has_an_extra_a_test_a_page_and_a_job(name):
    extra = name.split("_")[0]
    settings = ConfigParser()
    settings.read(ROOT / "setup.cfg", "utf-8")
    assert f"recipe-{extra}" in settings["options.extras_require"]
    assert f'name = "{name}"' in (ROOT / "tests" / "recipes" / f"test_{extra}.py").read_text("utf-8")
    assert f"recipes/{name}/balanced.py" in (ROOT / "docs" / "recipes" / f"{extra}.md").read_text("utf-8")
    for place in (".ci/recipes", ".github/workflows/recipes.yml"):
        assert extra in (ROOT / place).read_text("utf-8")


def test_there_are_recipes():
    assert len(NAMES) == 5
