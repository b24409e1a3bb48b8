"""All that a CUDA device can prove and measure, in pieces of some minutes."""

import time
from collections.abc import Iterator
from pathlib import Path

import torch
from rich.table import Table

from perf.gpu_kit.measures import measures
from perf.gpu_kit.pieces import Setting, mark, run_pieces
from perf.gpu_kit.proofs import proofs
from perf.gpu_kit.protocol import protocol
from perf.tables import table


def gpu(minutes: float = 9, rehearse: bool = False, folder: Path = Path("gpu_results")) -> Iterator[Table]:
    """Prove, measure and train on a CUDA device; each call goes on from where the last one stopped.

    Args:
        minutes: How long this call may take; a piece that needs longer is not begun, and a training stops.
        rehearse: Whether to run every piece, small, on whatever device there is: not a minute is lost to a typo.
        folder: Where ``results.json``, which the next call reads, and ``results.md`` go; those of a rehearsal, which
            show nothing, into a folder of their own within.

    Yields:
        What has been found so far.
    """
    device = "cuda" if torch.cuda.is_available() else "cpu"
    if device == "cpu" and not rehearse:
        raise SystemExit("There is no CUDA device here. Add --rehearse=true to run all of it, small, on the CPU.")
    if rehearse:  # No later call on a device may take for done what was rehearsed.
        folder = folder / f"rehearsal_{device}"
    folder.mkdir(parents=True, exist_ok=True)
    setting = Setting(device, rehearse, folder, time.monotonic() + 60 * minutes)
    records = run_pieces([*proofs(), *measures(), *protocol()], setting)
    results = table(setting.title, "what", "", "found")
    for name, record in records.items():
        results.add_row(name, mark(record), str(record["says"]))
    yield results
