"""Every message of the package has its cause on the page of messages, and what finds them finds them all."""

import importlib
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

EXTENSION = Path(__file__).parents[2] / "docs" / "extensions" / "error_messages.py"

SAMPLE = '''
HOW = "Write `a`."
STATUS = 130

class Part:
    """A part.

    Raises:
        ValueError: If ``size`` is
            too small.
        TypeError: If it is no number.
    """

    def __init__(self, size):
        if size < 1:
            raise ValueError(f"`size` must be at least 1, but is {size}. {HOW}")
        _check(size)

def _check(size):
    if size is None:
        raise TypeError("no number" if size else "nothing")
    warn(f"odd: {size}")

def damaged(what):
    return RuntimeError(f"damaged: {what}")

def tell(message):
    rank_zero_warn(message)

def judge(message_of):
    message = None if odd else message_of(3)
    if message is not None:
        warn(message)

def low(count):
    if count < 1:
        return None
    return f"only {count} left"

def run(error):
    judge(low)
    judge(lambda count: low(count) or "none")
    tell("passed on")
    said = f"{error} happened"
    if error:
        raise UsageError(said, "Mend it.")
    raise ValueError(str(error)) from error
    raise SystemExit(STATUS)
'''


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> Iterator[ModuleType]:
    monkeypatch.syspath_prepend(str(EXTENSION.parent))
    yield importlib.import_module("error_messages")
    for name in ("error_messages", "message_texts"):
        sys.modules.pop(name, None)


@pytest.fixture
def found(finder: ModuleType, tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "sample").mkdir()
    (tmp_path / "sample" / "parts.py").write_text(SAMPLE)
    return {message.text: message for message in finder.find_messages(tmp_path / "sample")}


def test_errors_and_warnings_are_found_however_they_are_raised(found: dict[str, Any]) -> None:
    assert set(found) == {
        "`size` must be at least 1, but is …. Write `a`.",
        "no number",
        "nothing",
        "odd: …",
        "damaged: …",
        "passed on",
        "… happened Mend it.",
        "only … left",
    }


def test_a_cause_is_that_of_the_docstring_or_of_the_caller(found: dict[str, Any]) -> None:
    assert found["`size` must be at least 1, but is …. Write `a`."].cause == "If ``size`` is too small."
    assert found["nothing"].cause == "If it is no number."
    assert found["odd: …"].cause == ""


def test_every_message_of_the_package_has_a_cause(finder: ModuleType) -> None:
    """Mend it by an entry of `Raises:` in the docstring of what raises it, or one in docs/causes.toml."""
    assert [f"{message.module}: {message.text}" for message in finder.messages() if not message.cause] == []


def test_every_cause_that_is_written_by_hand_belongs_to_a_message(finder: ModuleType) -> None:
    texts = [message.text for message in finder.messages()]
    assert [words for words in finder.causes() if not any(words in text for text in texts)] == []


def test_every_part_of_the_package_that_has_messages_is_on_the_page(finder: ModuleType) -> None:
    page = (EXTENSION.parents[1] / "messages.md").read_text("utf-8")
    listed = {part for line in page.splitlines() if line.startswith("```{message-list}") for part in line.split()[1:]}
    assert {finder.part_of(message) for message in finder.messages()} - listed == set()
