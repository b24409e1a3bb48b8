"""What is wrong with the words of a command line, where argparse notices it."""

import re
from collections.abc import Sequence

from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.likeness import meant, nearest

_COMMANDS_FLAGS = {
    "--dry_run": "study or dashboard",
    "--jobs": "study",
    "--report": "dashboard",
    "--copy": "configs",
    "--ckpt_path": "fit, validate, test or predict",
}


def refused(message: str, flags: Sequence[str], command: str) -> UsageError:
    """Say what is wrong with the words of a command line, and what may have been meant.

    Args:
        message: What argparse says.
        flags: Flags that the command has.
        command: Its name.

    Example:
        >>> refused("unrecognized arguments: --job 2", ["--jobs"], "go4align study").lines[0]
        '`--job` is no flag of `go4align study`. Did you mean --jobs?'
    """
    helped = f"`{command} --help` lists what there is."
    unknown = re.match(r"unrecognized arguments: (.*)", message, re.DOTALL)
    if unknown:
        return _unknown(unknown[1].split()[0] if unknown[1].split() else "", flags, command, helped)
    several = re.match(r"ambiguous option: (\S+) could match (.*)", message)
    if several:
        name = several[1].partition("=")[0]
        return UsageError(
            f"`{name}` is short for several flags: {several[2]}.", f"Write one of them in full. {_OF_CLASSES}"
        )
    lacking = re.match(r"the following arguments are required: (.*)", message)
    if lacking:
        return UsageError(f"`{command}` needs {lacking[1]}, which is not given.", helped)
    value = re.match(r"argument (\S+): (.*)", message, re.DOTALL)
    if value:
        name = value[1].rpartition("/")[2]
        return UsageError(f"`{name}`: {' '.join(value[2].split())}.", helped)
    return UsageError(f"{' '.join(message.split())}.", helped)


def _unknown(word: str, flags: Sequence[str], command: str, helped: str) -> UsageError:
    name = word.partition("=")[0]
    if not name.startswith("-"):
        mend = f"A configuration is given with -c: `-c {name}`." if command.rpartition(" ")[2] in _FITS else ""
        return UsageError(f"`{name}` is one word too many for `{command}`. {mend}".strip(), helped)
    found = f"`{name}` is no flag of `{command}`."
    near = nearest(name, flags)
    elsewhere = [] if near else nearest(name, _COMMANDS_FLAGS)
    if elsewhere:
        [other] = elsewhere[:1]
        return UsageError(f"{found} `{other}` is one of {_COMMANDS_FLAGS[other]}.", helped)
    of_classes = "" if near or command.rpartition(" ")[2] not in _FITS else _OF_CLASSES
    return UsageError(f"{found} {meant(near)}{of_classes}".strip(), helped)


_OF_CLASSES = "Arguments of the model and of the data are --model.NAME and --data.NAME."
_FITS = ("fit", "validate", "test", "predict")
