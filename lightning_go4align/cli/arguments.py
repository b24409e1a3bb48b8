"""The words of a command line, with what people leave out of them."""

import inspect
from pathlib import Path

from lightning.pytorch import Trainer

from lightning_go4align.config_files import find_config, read_config

_CONFIG = ("-c", "--config")


def prepared(arguments: list[str]) -> list[str]:
    """Put the files of configurations in the place of their names, and ``true`` behind bare switches.

    Args:
        arguments: As they were written.

    Returns:
        As LightningCLI takes them.

    Raises:
        OSError: If a configuration does not exist.
        ValueError: If it cannot be read.

    Example:
        >>> prepared(["fit", "--trainer.fast_dev_run", "--trainer.max_epochs", "3"])
        ['fit', '--trainer.fast_dev_run=true', '--trainer.max_epochs', '3']
    """
    result: list[str] = []
    switches = _switches()
    for index, word in enumerate(arguments):
        name, sign, value = word.partition("=")
        following = arguments[index + 1] if index + 1 < len(arguments) else "-"
        if result and result[-1] in _CONFIG:
            result.append(_file(word))
        elif name in _CONFIG and sign:
            result.append(f"{name}={_file(value)}")
        elif word in switches and following.startswith("-"):
            result.append(f"{word}=true")
        else:
            result.append(word)
    return result


def _file(name: str) -> str:
    """The checked file of a configuration; what is given in its place, its content or an address, as it is."""
    if "://" in name or ": " in name or "{" in name or name.startswith("-"):
        return name
    path = find_config(name)
    if path.is_file() and not read_config(path):
        raise ValueError(f"The configuration {path} is empty. Write into it, or leave it out.")
    return str(Path(path))


def _switches() -> list[str]:
    """Flags that take true: those of the Trainer that may be a bool."""
    parameters = inspect.signature(Trainer.__init__).parameters.values()
    return ["--test_after_fit", *(f"--trainer.{p.name}" for p in parameters if "bool" in str(p.annotation))]
