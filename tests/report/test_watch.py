import http.client
import re
from collections.abc import Callable, Iterator
from email.message import Message
from pathlib import Path
from threading import Thread
from urllib.parse import urlsplit

import pytest

from lightning_go4align.plots.example import example_history
from lightning_go4align.report.command import server


@pytest.fixture
def serve() -> Iterator[Callable[..., Callable[..., tuple[int, str, Message]]]]:
    """A function that serves folders and returns what asks for a path: status and words."""
    running = []

    def start(*folders: Path) -> Callable[..., tuple[int, str, Message]]:
        served = server(list(folders), port=0)
        thread = Thread(target=served.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        running.append((served, thread))
        base = urlsplit(served.address)

        def ask(path: str = "", below: str = base.path, host: str = base.netloc) -> tuple[int, str, Message]:
            connection = http.client.HTTPConnection("127.0.0.1", base.port, timeout=60)
            connection.request("GET", below + path, headers={"Host": host})
            answer = connection.getresponse()
            found = answer.status, answer.read().decode(), answer.headers
            connection.close()
            return found

        return ask

    yield start
    for served, thread in running:
        served.shutdown()
        served.server_close()
        thread.join()


def test_the_page_follows_the_run(
    serve: Callable[..., Callable[..., tuple[int, str, Message]]], tmp_path: Path
) -> None:
    example_history().with_notes(run="before").save(tmp_path)
    ask = serve(tmp_path)
    assert "<h1>before</h1>" in ask()[1]
    stamp = ask("stamp")[1]
    assert f'name="stamp" content="{stamp}"' in ask()[1]
    example_history().with_notes(run="after").save(tmp_path)
    assert ask("stamp")[1] != stamp
    assert "<h1>after</h1>" in ask()[1]


def test_runs_that_begin_later_appear_in_a_folder(
    serve: Callable[..., Callable[..., tuple[int, str, Message]]], tmp_path: Path
) -> None:
    ask = serve(tmp_path)
    assert "No folder below this one holds" in ask()[1]
    example_history().with_notes(run="first").save(tmp_path / "version_0")
    page = ask()[1]
    assert "1 run in" in page
    assert 'href="0/"' in page
    assert "<h1>first</h1>" in ask("0/")[1]


@pytest.mark.parametrize(
    "path", ["group_dynamics.npz", "../config.yaml", "%2e%2e/config.yaml", "0/", "1/", "//etc/passwd"]
)
def test_nothing_but_the_page_is_served(
    serve: Callable[..., Callable[..., tuple[int, str, Message]]], tmp_path: Path, path: str
) -> None:
    example_history().save(tmp_path)
    (tmp_path / "config.yaml").write_text("key: value")
    assert serve(tmp_path)(path)[0] == 404


def test_without_the_token_or_by_another_name_nothing_is_served(
    serve: Callable[..., Callable[..., tuple[int, str, Message]]], tmp_path: Path
) -> None:
    example_history().save(tmp_path)
    ask = serve(tmp_path)
    assert ask(below="/")[0] == 404
    assert ask(below="/guess/")[0] == 404
    assert ask(host="evil.example:80")[0] == 404
    assert ask()[0] == 200


def test_it_listens_to_this_computer_only_and_allows_the_page_nothing_from_outside(
    serve: Callable[..., Callable[..., tuple[int, str, Message]]], tmp_path: Path
) -> None:
    example_history().save(tmp_path)
    served = server([tmp_path], port=0)
    assert served.server_address[0] == "127.0.0.1"
    served.server_close()
    policy = serve(tmp_path)()[2]["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in re.sub(r"'[^']*'", "", policy)


def test_a_folder_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere is no folder"):
        server([tmp_path / "nowhere"], port=0)
