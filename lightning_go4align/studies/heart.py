"""``python -m lightning_go4align.studies.heart CLAIM PARENT fit ...``: ``go4align`` that shows that it lives.

It ends with the process that started it, so that whoever starts a run anew finds no other at work; and if another
process has taken the run over, since this one gave no sign of life for too long.
"""

import contextlib
import os
import runpy
import sys
import threading
import time
from pathlib import Path

from lightning_go4align.studies.claims import BEAT_SECONDS, Claim, ClaimLostError

LOOK_SECONDS = 0.5
ORPHANED, LOST = 70, 75  # of sysexits.h: software error, temporary failure


def main(claim: str, parent: str, *command: str) -> None:
    """Run ``go4align`` with a beating heart.

    Args:
        claim: Folder of the claim.
        parent: Process that started this one.
        command: Arguments of ``go4align``.
    """
    owned = Claim(Path(claim))
    owned.adopt()
    threading.Thread(target=_beat, args=(owned, int(parent)), daemon=True).start()
    sys.argv[1:] = command
    # As if it had been started: with several devices, Lightning starts the other ranks as it finds this one.
    runpy.run_module("lightning_go4align", run_name="__main__", alter_sys=True)


def _beat(claim: Claim, parent: int) -> None:
    last = time.monotonic()
    while True:
        time.sleep(LOOK_SECONDS)
        if os.getppid() != parent:
            leave()
        if time.monotonic() - last < BEAT_SECONDS:
            continue
        last = time.monotonic()
        try:
            # A file system that fails for a moment is no reason to stop: others wait for longer than a few beats.
            with contextlib.suppress(OSError):
                claim.beat()
        except ClaimLostError as error:
            leave(str(error), LOST)


def leave(message: str = "The process that started this run has ended.", code: int = ORPHANED) -> None:
    """End this process at once, whatever it is in the middle of: its files are another's.

    Args:
        message: Why.
        code: Its status.
    """
    sys.stderr.write(f"{message}\n")
    sys.stderr.flush()
    os._exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
