"""How a run came about, for its notes."""

import shlex
import sys
from datetime import datetime, timedelta
from pathlib import Path

from lightning_go4align.history import Notes, without_secrets
from lightning_go4align.update.hyperparameters import versions


def circumstances(notes: Notes) -> dict[str, str]:
    """Tell when a run started, by which command, with which versions.

    Args:
        notes: What is known of it; a start that is known stays, as that of an earlier fit does on a resume.

    Returns:
        Notes by their names. Of the program only its name is kept, not where it lies; values of arguments that are
        secrets by their names are hidden.

    Example:
        >>> circumstances(Notes(started="2024-12-10T09:00:00+01:00"))["started"]
        '2024-12-10T09:00:00+01:00'
    """
    program, *arguments = sys.argv or [""]
    began = datetime.now().astimezone() - timedelta(seconds=notes.seconds)
    return {
        "started": notes.started or began.isoformat(timespec="seconds"),
        "command": shlex.join([Path(program).name, *without_secrets(arguments)]),
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
