"""``python -m lightning_go4align.studies.fork_server SOCKET MODULE...``: imports what runs need, then forks them.

It talks to :class:`~lightning_go4align.studies.forks.ForkedStart`, and ends with it. Linux alone.
"""

import json
import os
import selectors
import signal
import socket
import sys
from importlib import import_module
from typing import Any, NamedTuple

from lightning_go4align.studies import heart

MOST_BYTES = 65_536


class Order(NamedTuple):
    """What one run is to do, and for which process."""

    request: dict[str, Any]
    parent: int


def main(descriptor: str, *modules: str) -> None:
    """Serve until nobody asks any more; in each fork, be the run.

    Args:
        descriptor: Number of the socket.
        modules: What to import before.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches all of a terminal: whoever asks decides.
    for name in modules:
        import_module(name)
    order = serve(socket.socket(fileno=int(descriptor)))
    if order is not None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        _settle(order.request)
        heart.main(order.request["claim"], str(order.parent), *order.request["arguments"])


def serve(channel: socket.socket) -> Order | None:
    """Fork whenever it is asked for, and tell how each fork ended.

    Args:
        channel: Where requests come from, and answers go to.

    Returns:
        In a fork, what it is to do; None once the other end of the channel is closed.
    """
    selector, parent = selectors.PollSelector(), os.getpid()
    selector.register(channel, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select():
            if key.fileobj is not channel:
                _bury(selector, key, channel)
                continue
            message = channel.recv(MOST_BYTES)
            if not message:
                return None
            request = json.loads(message)
            child = os.fork()
            if not child:
                for other in selector.get_map().values():
                    os.close(other.fd)
                channel.detach()  # closed, as one of them
                return Order(request, parent)
            handle = os.pidfd_open(child)
            selector.register(handle, selectors.EVENT_READ, (request["number"], child))
            socket.send_fds(channel, [json.dumps({"number": request["number"]}).encode()], [handle])


def _bury(selector: selectors.PollSelector, key: selectors.SelectorKey, channel: socket.socket) -> None:
    number, child = key.data
    selector.unregister(key.fileobj)
    os.close(key.fd)
    _, status = os.waitpid(child, 0)
    channel.send(json.dumps({"number": number, "status": os.waitstatus_to_exitcode(status)}).encode())


def _settle(request: dict[str, Any]) -> None:
    """Give the fork what a new process would have of its own."""
    output = os.open(request["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    os.environ.update(request["environment"])
    if request["directory"] is not None:
        os.chdir(request["directory"])


if __name__ == "__main__":
    main(*sys.argv[1:])
