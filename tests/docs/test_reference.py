"""The reference names what is public."""

import re
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules

import pytest

import lightning_go4align

DOCS = Path(__file__).parents[2] / "docs"
REFERENCE = "\n".join(page.read_text("utf-8") for page in sorted((DOCS / "api").glob("*.md")))
PACKAGES = [name for _, name, is_package in iter_modules(lightning_go4align.__path__) if is_package]


@pytest.mark.parametrize("name", lightning_go4align.__all__)
def test_every_name_of_the_root_is_documented(name: str) -> None:
    assert re.search(rf"\.\. auto(?:class|function|module):: lightning_go4align\.{name}$", REFERENCE, re.MULTILINE)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_package_with_public_names_is_documented(package: str) -> None:
    public = getattr(import_module(f"lightning_go4align.{package}"), "__all__", ())
    rest = set(public) - set(lightning_go4align.__all__) - {"Optimization"}
    assert not rest or f".. automodule:: lightning_go4align.{package}\n" in REFERENCE
