"""A page that follows its runs, served to this computer alone."""

import secrets
from collections.abc import Callable
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.resources import files
from threading import Lock
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

_HOST = "127.0.0.1"
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "img-src data: blob:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Watched(NamedTuple):
    """A page that may change.

    Args:
        stamp: Tells which state of the runs is the newest, cheaply.
        render: Writes the page.
    """

    stamp: Callable[[], str]
    render: Callable[[], str]


Pages = Callable[[str], Watched | None]  # from the path below the token


class Server(ThreadingHTTPServer):
    """Serve pages on the loopback address, below a path that nobody can guess.

    Nothing but these pages can be asked for: a path is looked up, never opened. A request whose host is another
    name, as one has that a foreign page sends by a name that it bound to this address, is refused.

    Args:
        pages: Finds a page.
        port: Where to listen; 0 for a free port.

    Example:
        >>> server = Server(lambda path: None, port=0)
        >>> server.address.startswith("http://127.0.0.1:")
        True
        >>> server.server_close()
    """

    daemon_threads = True

    def __init__(self, pages: Pages, port: int) -> None:
        super().__init__((_HOST, port), _Handler)
        self._pages, self._token = pages, secrets.token_urlsafe(24)
        self._drawn: dict[str, tuple[str, str]] = {}
        self._drawing = Lock()  # matplotlib is not safe to draw from several threads at once
        self.hosts = {f"{host}:{self.server_port}" for host in (_HOST, "localhost")}

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{_HOST}:{self.server_port}/{self._token}/"

    def answer(self, path: str) -> tuple[str, str] | None:
        """Find what a path asks for: the words and their media type, or nothing."""
        token, slash, rest = unquote(path).removeprefix("/").partition("/")
        if not secrets.compare_digest(token.encode(), self._token.encode()) or not slash:
            return None
        name = rest.removesuffix("stamp")
        page = self._pages(name)
        if page is None:
            return None
        return (page.stamp(), "text/plain") if rest.endswith("stamp") else (self._page(name, page), "text/html")

    def _page(self, name: str, page: Watched) -> str:
        with self._drawing:
            stamp = page.stamp()
            if self._drawn.get(name, ("", ""))[0] != stamp:
                self._drawn[name] = (stamp, _following(page.render(), stamp))
            return self._drawn[name][1]


class _Handler(BaseHTTPRequestHandler):
    server: Server

    def do_GET(self) -> None:  # the standard library's name
        known = self.headers.get("Host") in self.server.hosts
        found = self.server.answer(urlsplit(self.path).path) if known else None
        if found is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return
        content = found[0].encode()
        self.send_response(HTTPStatus.OK)
        headers = _HEADERS | {"Content-Type": f"{found[1]}; charset=utf-8", "Content-Length": str(len(content))}
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing: the token would stand in the terminal with every request."""


def _following(html: str, stamp: str) -> str:
    """Let a page ask for its newest state."""
    script = files("lightning_go4align.report").joinpath("assets/follow.js").read_text(encoding="utf-8")
    html = html.replace("<title>", f'<meta name="stamp" content="{stamp}">\n<title>', 1)
    status = '<p id="state" role="status" class="state"></p>'
    return html.replace("</body>", f"{status}<script>{script}</script>\n</body>", 1)
