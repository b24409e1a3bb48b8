"""A page that is served while its run goes on."""

from collections.abc import Iterator
from contextlib import contextmanager
from threading import Thread

from lightning_go4align.report.watch import Server, Watched


@contextmanager
def served(html: str) -> Iterator[str]:
    """Serve a page as ``go4align report --watch`` does, without a change."""
    following = Watched(lambda: "now", lambda: html)
    server = Server(lambda path: following if path == "" else None, port=0)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server.address
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
