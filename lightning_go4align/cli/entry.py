"""The command's entry: what every command shares, and how it ends."""

import atexit
import os
import select
import shutil
import signal
import sys
import textwrap
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import NoReturn

from lightning_go4align.cli import commands
from lightning_go4align.cli.explanation import explain
from lightning_go4align.cli.help import overview, version
from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.config_files import shipped_names
from lightning_go4align.likeness import meant, nearest

LIGHTNING = ("fit", "validate", "test", "predict")
OTHERS: dict[str, Callable[[list[str]], None]] = {
    "study": commands.study,
    "tune": commands.tune,
    "report": commands.report,
    "dashboard": commands.dashboard,
    "configs": commands.configs,
}
SYNONYMS = {"train": "fit", "evaluate": "test", "eval": "test", "run": "study", "list": "configs", "plot": "report"}
INTERRUPTED, BROKEN_PIPE, TERMINATED = 130, 141, 143  # 128 and the number of the signal, as shells have it
_interrupts: list[int] = []  # That the process was asked to end by.


def main(args: list[str] | None = None) -> None:
    """Run ``go4align`` with a command and its arguments.

    Args:
        args: The arguments; None for those of the process, whose interrupts are then handled.

    Raises:
        SystemExit: With status 2 after a mistake of the user, 130 after an interrupt, 143 after SIGTERM, 1 after any
            other error; at most three lines on stderr say what happened.
    """
    given = sys.argv[1:] if args is None else args
    debug = "--debug" in given
    arguments = [word for word in given if word != "--debug"]
    alone = args is None
    if alone:
        atexit.register(signal.signal, signal.SIGINT, signal.SIG_IGN)  # Python's last steps would die of it.
        signal.signal(signal.SIGINT, _leave)  # Compiled code that is being imported may swallow an exception.
    try:
        _run(arguments, _interruptible if alone else _nothing)
        sys.stdout.flush()
    except BaseException as error:
        _end(error, " ".join(["go4align", *(word for word in arguments[:1] if not word.startswith("-"))]), debug)
        raise


def _run(arguments: list[str], ready: Callable[[], None]) -> None:
    here = str(Path.cwd())
    if here not in sys.path:  # where `class_path: my_project.Module` lies; a console script does not look there
        sys.path.append(here)
    command = arguments[0] if arguments else ""
    if command in OTHERS:
        ready()
        OTHERS[command](arguments[1:])
    elif command in ("-h", "--help", "help"):
        print(overview())  # noqa: T201  # the answer of the command
    elif command == "--version":
        print(version())  # noqa: T201  # as above
    elif command in LIGHTNING or any(word in LIGHTNING for word in arguments if command.startswith("-")):
        commands.lightning(arguments, ready)
    else:
        raise _no_command(command)


def _no_command(command: str) -> UsageError:
    names = [*LIGHTNING, *OTHERS]
    there = f"Commands are {', '.join(names)}; `go4align --help` explains them."
    if not command or command.partition("=")[0] in ("-c", "--config"):
        return UsageError("No command was given.", there)
    if command.startswith("-"):
        return UsageError(
            f"There is no flag `{command}` before a command.",
            meant(nearest(command, ["--help", "--version", "--debug"])),
            there,
        )
    near = [SYNONYMS.get(name, name) for name in nearest(command, [*names, *SYNONYMS])]
    advice = meant(list(dict.fromkeys(near)))
    if command.removesuffix(".yaml") in shipped_names() or Path(command).is_file():
        advice = f"A configuration is given to a command: `go4align fit -c {command}`."
    return UsageError(f"There is no command `{command}`. {advice}".strip(), there)


def _end(error: BaseException, command: str, debug: bool) -> None:
    """Tell how the command ended, and leave with its status; what needs no words comes back."""
    context: BaseException | None = error
    if isinstance(error, SystemExit):
        if type(error).__name__ == "SIGTERMException":  # Lightning's, which has the status of a success.
            _say([f"{command}: ended by SIGTERM."])
            raise SystemExit(TERMINATED) from None
        context = error.__context__
        if not isinstance(context, KeyboardInterrupt):
            return
    # Compiled code that is being imported turns an interrupt into an error of its own.
    if isinstance(context, KeyboardInterrupt) or (_interrupts and isinstance(error, ImportError)):
        _say([f"{command}: interrupted."])
        raise SystemExit(INTERRUPTED) from None
    if isinstance(error, BrokenPipeError) and _reader_has_gone():
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # for what Python flushes at its end
        raise SystemExit(BROKEN_PIPE) from None
    if isinstance(error, Exception):
        if debug:
            traceback.print_exception(error)
        status, lines = explain(error)
        _say([f"{command}: {lines[0]}", *lines[1:]])
        raise SystemExit(status) from error


def _say(lines: list[str]) -> None:
    if sys.stderr.isatty():
        sys.stderr.write("\r\x1b[K")  # What a progress bar left of its line.
        width = shutil.get_terminal_size().columns
        lines = [textwrap.fill(line, width, break_long_words=False, break_on_hyphens=False) for line in lines]
    sys.stderr.write("\n".join(lines) + "\n")


def _reader_has_gone() -> bool:
    poll = select.poll()
    poll.register(sys.stdout.fileno(), 0)
    return any(event & select.POLLERR for _, event in poll.poll(0))


def _leave(number: int, frame: FrameType | None) -> NoReturn:
    """Leave at once; there is nothing to be undone, or the user has asked twice."""
    os.write(2, b"\ngo4align: interrupted.\n")
    os._exit(INTERRUPTED)


def _interruptible() -> None:
    """From here on there is something to be undone: the first interrupt is an exception, the second is the last."""
    signal.signal(signal.SIGINT, _interrupt)


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    signal.signal(signal.SIGINT, _leave)
    _interrupts.append(number)
    raise KeyboardInterrupt


def _nothing() -> None:
    pass
