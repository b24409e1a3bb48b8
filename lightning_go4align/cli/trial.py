"""The number of tasks, for methods that must know it when they are built (FAMO, UW), from one step of the model."""

import re
from argparse import ArgumentError
from collections.abc import Iterable, Iterator

from jsonargparse import Namespace
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import LightningArgumentParser
from lightning_utilities.core.rank_zero import rank_zero_info

from lightning_go4align.cli.refusal_tree import reason

_NUMBERS = ("shape", "n_tasks", "num_tasks")  # what TorchJD and this package call it
_HOLDERS = ("", ".method", ".weighting", ".method.weighting", ".method.method")  # also within a method that groups


def parsed(parser: LightningArgumentParser, arguments: list[str], commands: Iterable[str]) -> Namespace:
    """Parse a command line; a method that lacks nothing but the number of tasks is given it.

    Args:
        parser: The parser.
        arguments: The command line.
        commands: Names of commands.

    Raises:
        ArgumentError: If it cannot be parsed.
    """
    try:
        return parser.parse_args(arguments)
    except ArgumentError as error:
        lacking = lacks_number(str(error))
        if lacking is None or not any(word in commands for word in arguments):
            raise
        number = _number_of_tasks(parser, arguments)
        if not number:
            raise
        for argument in _arguments(lacking, number):
            config = _tried(parser, [*arguments, argument])
            if config is not None:
                rank_zero_info(
                    f"The method needs the number of tasks, `{lacking}`: it is {number}, as one step tells."
                )
                return config
        raise


def lacks_number(text: str) -> str | None:
    """Return what a method calls the number of tasks, if nothing else is missing.

    Args:
        text: What jsonargparse says.
    """
    found = reason(text)
    missing = re.match(r"the following arguments are required: (\w+)$", found.message)
    inside = found.path[:2] == ("model", "method") or found.path[:1] == ("model.method",)
    return missing[1] if missing and missing[1] in _NUMBERS and inside else None


def _arguments(lacking: str, number: int) -> Iterator[str]:
    for holder in _HOLDERS:
        yield f"--model.method{holder}.{lacking}={number}"


def _tried(parser: LightningArgumentParser, arguments: list[str]) -> Namespace | None:
    try:
        return parser.parse_args(arguments)
    except ArgumentError:
        return None


def _number_of_tasks(parser: LightningArgumentParser, arguments: list[str]) -> int:
    """Take one step of the model with a plain sum, and count; 0 if the model has no method of ours."""
    config = parser.parse_args([*arguments, "--model.method=torchjd.scalarization.Sum"])
    chosen = parser.instantiate_classes(config)[config.subcommand]
    model: LightningModule = chosen.model
    trainer = Trainer(
        accelerator=chosen.trainer.accelerator,
        devices=1,
        precision=chosen.trainer.precision,
        max_steps=1,
        limit_val_batches=0,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, datamodule=chosen.get("data"))
    tasks: list[str] = getattr(getattr(model, "multi_task_callback", None), "tasks", [])
    return len(tasks)
