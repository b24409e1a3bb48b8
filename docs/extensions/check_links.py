"""Check that every internal link and anchor of the built site leads somewhere: ``check_links.py FOLDER``."""

import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """What a page links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {"", "top"}
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note addresses and names."""
        for name, value in attrs:
            if name in ("href", "src") and value:
                self.links.append(value)
            if name in ("id", "name") and value:
                self.anchors.add(value)


def broken(folder: Path) -> Iterator[str]:
    """Yield the links of a site that lead nowhere."""
    pages = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    for path, page in pages.items():
        for link in page.links:
            address = urlsplit(link)
            if address.scheme or address.netloc:
                continue
            target = (path.parent / unquote(address.path)).resolve() if address.path else path
            if not target.exists():
                yield f"{path.relative_to(folder.resolve())}: {link} does not exist"
            elif target in pages and unquote(address.fragment) not in pages[target].anchors:
                yield f"{path.relative_to(folder.resolve())}: {link} has no such anchor"


def main() -> None:
    """Print the broken links of the folder that is named, and fail if there are any."""
    found = sorted(set(broken(Path(sys.argv[1]))))
    print("\n".join(found) or "Every internal link leads somewhere.")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
