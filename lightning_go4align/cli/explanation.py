"""From an error to what the user reads: the status of the command and at most three lines."""

import dis
import errno
import os
import site
import sysconfig
import traceback
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from lightning_go4align.cli import extras
from lightning_go4align.cli.foreign import foreign_lines
from lightning_go4align.cli.mistake import UsageError, in_lines
from lightning_go4align.words import DEBUG

MISTAKE, FAULT = 2, 1

#: Packages whose errors, where they state them, are messages to the user.
_SPOKEN = (
    "lightning_go4align",
    "lightning",
    "pytorch_lightning",
    "torchjd",
    "torchmetrics",
    "wandb_workspaces",
    "wandb",
)
_SPOKEN_PARTS = ("torch.optim", "torch.utils.data")
_ADVICE = {
    errno.ENOSPC: "The disk is full. Make room there, or name another folder.",
    errno.EDQUOT: "The quota of the disk is used up. Make room there, or name another folder.",
    errno.EFBIG: "A limit on the size of files forbids it. Raise `ulimit -f`, or name another folder.",
    errno.EROFS: "The file system is read-only. Name another folder.",
    errno.EACCES: "It may not be read or written. Change its permissions, or name another one.",
    errno.EPERM: "That is not permitted. Change its permissions, or name another one.",
    errno.ENOTDIR: "A part of it is a file where a folder is needed. Name another one, or move that file away.",
    errno.EEXIST: "It exists, and is no folder. Name another one, or move it away.",
    errno.EISDIR: "It is a folder where a file is needed. Name a file.",
    errno.ENOENT: "It does not exist. Correct its name, or make it.",
    errno.EADDRINUSE: "The port is in use. Choose another one, for ranks with MASTER_PORT, or end who has it.",
    errno.EMFILE: "Too many files are open. Raise `ulimit -n`.",
    errno.ENAMETOOLONG: "The name is too long. Shorten it.",
}
_CORRECT = "Correct its arguments in the configuration."
_OTHER_ADVICE = "Name another place. `--debug` shows what was done there."


def explain(error: Exception) -> tuple[int, list[str]]:
    """Explain an error that ends the command.

    Args:
        error: The error.

    Returns:
        The status, 2 for a mistake of the user and 1 for any other error, and at most three lines.

    Example:
        >>> explain(UsageError("`x` is 3.", "Lower it."))
        (2, ['`x` is 3.', 'Lower it.'])
    """
    lines = _mistake(error)
    return (FAULT, _fault(error)) if lines is None else (MISTAKE, lines)


def unbuilt(error: Exception, name: str, arguments: Mapping[str, object]) -> UsageError | None:
    """Say which class of a configuration could not be built, where what it raised does not tell.

    Args:
        error: What its ``__init__`` raised.
        name: The class.
        arguments: What it was given; of these numbers and words are told.

    Returns:
        What to say; None if the error speaks for itself: refused by a class, of the system, or of a missing package.

    Example:
        >>> unbuilt(KeyError("size"), "Part", {"width": 3}).lines[0]
        "Part cannot be built with width=3: KeyError: 'size'."
    """
    refused = isinstance(error, ValueError) and _is_raised(error)
    if refused or isinstance(error, UsageError) or _mistake(error) is not None:
        return None
    plain = [f"{key}={value!r}" for key, value in arguments.items() if isinstance(value, str | float | int)]
    given = f" with {', '.join(plain)}" if plain else ""
    origin = _place_of_the_user(error)
    what = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(".")
    return UsageError(
        f"{name} cannot be built{given}: {what}.", f"It was raised at {origin}." if origin else _CORRECT, DEBUG
    )


def _mistake(error: Exception) -> list[str] | None:
    """What to say if the user can mend it; None if not."""
    if isinstance(error, UsageError):
        return error.lines
    module = extras.missing_module(error)
    if module in extras.EXTRAS or (module is not None and not module.startswith("lightning_go4align")):
        return _missing(error, module)
    if isinstance(error, OSError) and error.errno is not None:
        return _of_the_system(error)
    lines = foreign_lines(error)
    if lines is not None:
        return lines
    return _with_notes(error) if _is_stated(error) and str(error) else None


def _with_notes(error: Exception) -> list[str]:
    """Break what an error says into lines; what was added to it comes last, as in a traceback."""
    notes = in_lines(" ".join(getattr(error, "__notes__", ())))[:1]
    return [*in_lines(str(error))[: 3 - len(notes)], *notes]


def _missing(error: Exception, module: str) -> list[str]:
    message = in_lines(str(error))
    if any("pip install" in line for line in message):
        return message
    return [f"The module `{module}` is needed here, but is not installed.", extras.advice(module)]


def _of_the_system(error: OSError) -> list[str]:
    name = error.filename2 or error.filename
    where = "" if name is None else f"{os.fsdecode(name)}: "
    return [f"{where}{error.strerror or error}.", _ADVICE.get(error.errno or 0, _OTHER_ADVICE)]


def _is_stated(error: BaseException) -> bool:
    """Whether a `raise` of the package, or of those that it stands on, states the error; not Python, nor torch."""
    frame = _last(error.__traceback__)
    if frame is None or isinstance(error, AssertionError | NotImplementedError):
        return False
    module = str(frame.tb_frame.f_globals.get("__name__"))
    return _is_raised(error) and (module.partition(".")[0] in _SPOKEN or module.startswith(_SPOKEN_PARTS))


def _is_raised(error: BaseException) -> bool:
    """Whether a `raise` of any Python code raised it, and not Python or torch from within."""
    frame = _last(error.__traceback__)
    return frame is not None and frame.tb_frame.f_code.co_code[frame.tb_lasti] == dis.opmap["RAISE_VARARGS"]


def _last(trace: TracebackType | None) -> TracebackType | None:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return trace


def _fault(error: Exception) -> list[str]:
    message = in_lines(f"{type(error).__name__}: {error}")[:1]
    origin = _place_of_the_user(error)
    whose = f"It was raised at {origin}." if origin else "It may be a fault of this program."
    return [*message, whose, DEBUG]


def _place_of_the_user(error: Exception) -> str | None:
    """The innermost line that is neither the package's nor installed."""
    installed = [*site.getsitepackages(), *sysconfig.get_paths().values(), str(Path(__file__).parents[1])]
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        if Path(frame.filename).is_file() and not frame.filename.startswith(tuple(installed)):
            return f"{frame.filename}:{frame.lineno} in {frame.name}"
    return None
