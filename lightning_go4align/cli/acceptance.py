"""Which configurations of ``fit`` the command would take."""

import contextlib
import io
from collections.abc import Sequence

from lightning_go4align.cli.explanation import explain


def refusals(files: Sequence[str]) -> list[str | None]:
    """Say what is wrong with configurations of ``fit``; what only a class itself can refuse is not seen.

    Args:
        files: The files.

    Returns:
        For each what the command would say; None if it would take it.
    """
    return [_refusal(file) for file in files]


def _refusal(file: str) -> str | None:
    from lightning_go4align.cli.lightning_command import check  # With torch and Lightning, which take seconds.

    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            check(["fit", "-c", file])
    except Exception as error:  # told as the command would
        return " ".join(explain(error)[1])
    return None
