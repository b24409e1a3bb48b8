"""A study, and what of a page is read."""

from html.parser import HTMLParser
from typing import Any

from hostile_names import SHOWN

from lightning_go4align.studies.study import Method, Study

NAMES = list(SHOWN.values())


def make(**entries: Any) -> Study:
    return Study(**{"benchmark": [], "methods": {"LS": Method()}, "columns": ["test/a"], **entries})


class Cells(HTMLParser):
    """The words of each cell of the tables in a page, and its tags."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.heads, self.tags, self._open = list[str](), list[str](), False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        if tag in ("th", "td"):
            self._open = tag == "th"
            self.heads += [""] * self._open

    def handle_endtag(self, tag: str) -> None:
        self._open = self._open and tag not in ("th", "td")

    def handle_data(self, data: str) -> None:
        if self._open:
            self.heads[-1] += data
