"""What other packages say in words of their own, in words that help: one entry for each kind of error."""

import re
from collections.abc import Callable

from lightning_go4align.cli.mistake import in_lines
from lightning_go4align.likeness import meant, nearest
from lightning_go4align.words import first_of

Lines = list[str]


def foreign_lines(error: Exception) -> Lines | None:
    """Translate an error of another package that a user can mend.

    Args:
        error: The error.

    Returns:
        At most three lines; None if it is no such error.

    Example:
        >>> foreign_lines(RuntimeError("PytorchStreamWriter failed writing file data/0: file write failed"))
        ['A checkpoint could not be written whole.', 'Make room on the disk, or name another folder.']
    """
    text = str(error)
    for pattern, say in _KINDS:
        found = re.search(pattern, f"{type(error).__name__}: {text}", re.DOTALL)
        if found:
            return say(found)
    return None


def _state_dict(found: re.Match[str]) -> Lines:
    faults = [line.strip() for line in found["faults"].splitlines() if line.strip()]
    more = f", and {len(faults) - 1} more like it" if len(faults) > 1 else ""
    first = in_lines(faults[0].rstrip("."))[0] if faults else "nothing fits"
    return [
        f"The checkpoint does not fit {found['module']}: {first[:200]}{more}.",
        "Give the checkpoint of such a model, or the configuration that the checkpoint was trained with.",
    ]


def _strategy(found: re.Match[str]) -> Lines:
    from lightning.pytorch.strategies import StrategyRegistry

    names = ["auto", *StrategyRegistry.available_strategies()]
    near = meant(nearest(found["name"], names))
    return [
        f"`trainer.strategy` is {found['name']!r}, which is no strategy. {near}".strip(),
        f"There are {first_of(names, 12)}.",
    ]


def _accelerator(found: re.Match[str]) -> Lines:
    names = [*found["names"].split(", "), "gpu"]
    near = meant(nearest(found["name"], names))
    return [
        f"`trainer.accelerator` is {found['name']!r}, which is no accelerator. {near}".strip(),
        f"There are {', '.join(names)}.",
    ]


def _plain(*lines: str) -> Callable[[re.Match[str]], Lines]:
    return lambda found: [found.expand(line) for line in lines]


_ANOTHER = "Give `trainer.accelerator` and `trainer.devices` what this machine has; `auto` takes it."
_KINDS: list[tuple[str, Callable[[re.Match[str]], Lines]]] = [
    (r"Error\(s\) in loading state_dict for (?P<module>\w+):(?P<faults>.*)", _state_dict),
    (
        r"Weights only load failed.*?GLOBAL (?P<name>\S+) was not an allowed",
        _plain(
            r"The checkpoint holds a \g<name>, which is not loaded, for loading it could run anything.",
            "If you trust it, give `--weights_only false`.",
        ),
    ),
    (
        r"ckpt_path=\"last\"\) is set, but there is no last checkpoint available",
        _plain(
            "`--ckpt_path last` finds no checkpoint where this configuration keeps them.", "Give the path of one."
        ),
    ),
    (
        r"ckpt_path=\"best\"\)` is set but `ModelCheckpoint` is not configured",
        _plain(
            "`--ckpt_path best` is the best of a fit in the same process: there was none.", "Give the path of one."
        ),
    ),
    (
        r"`Trainer.predict` requires `forward` method to run",
        _plain(
            "The model has neither a `predict_step` nor a `forward`: there is nothing to predict.",
            "Write one of them, or take `go4align test`.",
        ),
    ),
    (
        r"when `training_step` returns a dict, the 'loss' key needs to be present",
        _plain(
            "`training_step` returned a mapping without `loss`, so that nothing can be trained.",
            "If it holds the losses of tasks, add to `trainer.callbacks` of the configuration: "
            "`{class_path: lightning_go4align.MultiTaskCallback, init_args: {method: RobustGO4Align}}`.",
        ),
    ),
    (
        r"PytorchStreamWriter failed|unexpected pos \d+ vs|basic_ios::clear",
        _plain("A checkpoint could not be written whole.", "Make room on the disk, or name another folder."),
    ),
    (r"invalid strategy name: `strategy='(?P<name>[^']*)'`", _strategy),
    (
        r"invalid accelerator name: `accelerator='(?P<name>[^']*)'`. Available names are: (?P<names>[\w, ]+)",
        _accelerator,
    ),
    (
        r"EADDRINUSE|Address already in use",
        _plain("The port on which the ranks meet is in use.", "Set MASTER_PORT to another one, or end who has it."),
    ),
    (r"No supported gpu backend found", _plain("`trainer.accelerator` is gpu, but this machine has none.", _ANOTHER)),
    (
        r"(?P<name>\w+Accelerator)` can not run on your system since the accelerator is not available",
        _plain(r"This machine has no accelerator for \g<name>.", _ANOTHER),
    ),
    (
        r"You requested gpu: (?P<asked>.*?)\n\s*But your machine only has: (?P<found>.*)",
        _plain(r"GPUs \g<asked> were asked for, but this machine has \g<found>.", _ANOTHER),
    ),
    (
        r"`devices` selected with `(?P<name>\w+)` should be (?P<kind>.*?)\.?$",
        _plain(r"`trainer.devices` must be \g<kind> with \g<name>.", _ANOTHER),
    ),
    (
        r"`(?P<name>max_epochs|max_steps)` must be a non-negative integer or -1\. You passed in (?P<value>\S+?)\.?$",
        _plain(
            r"`trainer.\g<name>` must be a whole number of at least 0, or -1 for no end, but is \g<value>.",
            "Correct it.",
        ),
    ),
    (
        r"(?P<value>-?\d+) is not in bounds, numpy accepts from 0 to (?P<last>\d+)",
        _plain(r"`seed_everything` must lie in [0, \g<last>], but is \g<value>.", "Give another one."),
    ),
    (
        r"`Trainer\(devices=(?P<value>.*?)\)` value is not a valid input using (?P<name>\w+) accelerator",
        _plain(r"`trainer.devices` is \g<value>, which the \g<name> accelerator does not take.", _ANOTHER),
    ),
    (
        r"^OutOfMemoryError: (?P<text>[^.]*\.)",
        _plain(r"\g<text>", "Lower the batch size, or accumulate: `trainer.accumulate_grad_batches`."),
    ),
    (
        r"No API key configured|api_key not configured|AuthenticationError|WANDB_API_KEY",
        _plain(
            "Weights & Biases knows no key of yours.",
            "Run `wandb login`, or set WANDB_API_KEY; without an account set WANDB_MODE=offline.",
        ),
    ),
    (
        r"^CommError: (?P<text>.*)",
        _plain(r"Weights & Biases: \g<text>", "Check the name of the project and the network."),
    ),
]
