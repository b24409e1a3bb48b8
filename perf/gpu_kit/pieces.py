"""Pieces of work that are done once, in order, over as many calls as it takes; and what became of them."""

import json
import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from lightning_go4align.atomic_write import atomic_write


class Setting(NamedTuple):
    """Where the pieces run.

    Args:
        device: ``"cuda"`` or ``"cpu"``.
        rehearse: Whether all is small.
        folder: Where results lie.
        deadline: When this call ends, on ``time.monotonic``.
    """

    device: str
    rehearse: bool
    folder: Path
    deadline: float

    @property
    def title(self) -> str:
        """Of the page."""
        if self.rehearse:
            return f"A rehearsal on {self.device}, small: its times and errors mean nothing"
        return f"What this device shows: {self.device}"

    @property
    def seconds_left(self) -> float:
        """Until the deadline."""
        return self.deadline - time.monotonic()


class Outcome(NamedTuple):
    """What became of a piece.

    Args:
        says: One sentence or number for the page.
        ok: False if a claim was refuted.
        done: False if the next call should go on with it.
        numbers: For the JSON.
        shown: False if the claim is about another device than this one: neither borne out nor refuted.
    """

    says: str
    ok: bool = True
    done: bool = True
    numbers: dict[str, Any] | None = None
    shown: bool = True


NOT_HERE = Outcome("needs a CUDA device", shown=False)


class Piece(NamedTuple):
    """A piece of work.

    Args:
        part: Heading on the page.
        name: What it is, unique.
        work: Does it.
        least_seconds: It is not begun with less time left.
    """

    part: str
    name: str
    work: Callable[[Setting], Outcome]
    least_seconds: float = 20.0


def run_pieces(pieces: Iterable[Piece], setting: Setting) -> dict[str, dict[str, Any]]:
    """Do what is not done yet until the time is over, and write each result down at once.

    Args:
        pieces: All of them, in order.
        setting: Where.

    Returns:
        The records of all pieces begun so far, by name.
    """
    file = setting.folder / "results.json"
    records: dict[str, dict[str, Any]] = json.loads(file.read_text()) if file.exists() else {}
    for piece in pieces:
        if records.get(piece.name, {}).get("done"):
            continue
        if setting.seconds_left < piece.least_seconds and not setting.rehearse:
            break
        start = time.monotonic()
        try:
            outcome = piece.work(setting)
        except Exception as error:  # Whatever breaks one piece must not cost the others their minutes.
            outcome = Outcome(f"{type(error).__name__}: {error}"[:500], ok=False, done=False)
        seconds = round(time.monotonic() - start, 1)
        records[piece.name] = {"part": piece.part, "seconds": seconds, **outcome._asdict()}
        texts = {file: json.dumps(records, indent=1), file.with_suffix(".md"): page(records, setting.title)}
        for path, text in texts.items():
            with atomic_write(path) as temporary:
                temporary.write_text(text)
    return records


def mark(record: Mapping[str, Any]) -> str:
    """Say in a word what became of a piece.

    Example:
        >>> mark(Outcome("borne out")._asdict()), mark(NOT_HERE._asdict())
        ('ok', 'not shown')
    """
    if not record["ok"]:
        return "**no**"
    if not record["shown"]:
        return "not shown"
    return "ok" if record["done"] else "goes on"


def page(records: dict[str, dict[str, Any]], title: str) -> str:
    """Write the results as Markdown, a table for each part.

    Example:
        >>> print(page({"a": {"part": "Proofs", "seconds": 1.0, **Outcome("held")._asdict()}}, "Found"))
        # Found
        <BLANKLINE>
        ## Proofs
        <BLANKLINE>
        | what | | found | s |
        | --- | --- | --- | ---: |
        | a | ok | held | 1.0 |
        <BLANKLINE>
    """
    lines = [f"# {title}", ""]
    for part in dict.fromkeys(record["part"] for record in records.values()):
        lines += [f"## {part}", "", "| what | | found | s |", "| --- | --- | --- | ---: |"]
        for name, record in records.items():
            if record["part"] == part:
                says = str(record["says"]).replace("|", "/").replace("\n", " ")
                lines.append(f"| {name} | {mark(record)} | {says} | {record['seconds']} |")
        lines.append("")
    return "\n".join(lines)
