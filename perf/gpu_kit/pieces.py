"""Pieces of work that are done once, in order, over as many calls as it takes; and what became of them."""

import json
import time
from collections.abc import Callable, Iterable
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
    """

    says: str
    ok: bool = True
    done: bool = True
    numbers: dict[str, Any] | None = None


NOT_HERE = Outcome("not on this device")


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
        texts = {file: json.dumps(records, indent=1), file.with_suffix(".md"): page(records, setting.device)}
        for path, text in texts.items():
            with atomic_write(path) as temporary:
                temporary.write_text(text)
    return records


def page(records: dict[str, dict[str, Any]], device: str) -> str:
    """Write the results as Markdown, a table for each part.

    Example:
        >>> print(page({"a": {"part": "Proofs", "ok": True, "done": True, "says": "held", "seconds": 1.0}}, "cpu"))
        # What this device shows: cpu
        <BLANKLINE>
        ## Proofs
        <BLANKLINE>
        | what | | found | s |
        | --- | --- | --- | ---: |
        | a | ok | held | 1.0 |
        <BLANKLINE>
    """
    lines = [f"# What this device shows: {device}", ""]
    for part in dict.fromkeys(record["part"] for record in records.values()):
        lines += [f"## {part}", "", "| what | | found | s |", "| --- | --- | --- | ---: |"]
        for name, record in records.items():
            if record["part"] == part:
                mark = "**no**" if not record["ok"] else "ok" if record["done"] else "goes on"
                says = str(record["says"]).replace("|", "/").replace("\n", " ")
                lines.append(f"| {name} | {mark} | {says} | {record['seconds']} |")
        lines.append("")
    return "\n".join(lines)
