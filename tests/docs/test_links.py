"""Relative links between the README, the site's sources and the repository's files lead somewhere."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [*ROOT.glob("*.md"), *DOCS.glob("*.md"), *sorted(DOCS.glob("[!_]*/*.md"))]
MADE = DOCS / "tutorials"  # by the build, from the scripts of examples/


def exists(target: Path) -> bool:
    if target.parent == MADE:
        source = "GALLERY_HEADER.rst" if target.stem == "index" else target.with_suffix(".py").name
        return (ROOT / "examples" / source).exists()
    return target.exists()


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_relative_link_leads_nowhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)(?:#[^)]*)?\)", text)
    assert [link for link in links if not exists((page.parent / link).resolve())] == []


def test_every_page_of_the_site_is_in_a_table_of_contents() -> None:
    listed = set()
    for page in DOCS.rglob("*.md"):
        for block in re.findall(r"^```\{toctree\}\n(.*?)^```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
            entries = [line for line in block.splitlines() if line and not line.startswith(":")]
            listed |= {(page.parent / entry).with_suffix(".md").resolve() for entry in entries}
    pages = {page.resolve() for page in DOCS.rglob("*.md") if not page.relative_to(DOCS).parts[0].startswith("_")}
    assert pages - listed == {DOCS / "index.md"}
