from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
# What `conftest.py` imports, and what the options of pytest in pyproject.toml ask for.
NEEDED = {"hypothesis", "pytest-randomly", "pytest-timeout"}
SCRIPTS = [*sorted(path for path in (ROOT / ".ci").iterdir() if path.is_file()), ROOT / "noxfile.py"]


@pytest.mark.parametrize("script", [pytest.param(path, id=path.name) for path in SCRIPTS])
def test_an_environment_for_tests_has_what_all_of_them_need(script: Path) -> None:
    installed = {need for need in NEEDED if need in script.read_text("utf-8")}
    assert installed in (set(), NEEDED)
