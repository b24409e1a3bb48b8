"""The commands of LightningCLI, as the command line has them: what they refuse is explained."""

import warnings
from argparse import ArgumentError
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NoReturn

from lightning.pytorch.cli import ArgsType, LightningArgumentParser
from lightning_utilities.core import rank_zero
from typing_extensions import override

from lightning_go4align.cli import refusals, trial
from lightning_go4align.cli.arguments import prepared
from lightning_go4align.cli.checkpoints import check_checkpoint
from lightning_go4align.cli.explanation import unbuilt
from lightning_go4align.cli.generic_arguments import check_generics
from lightning_go4align.cli.lightning_cli import MultiTaskCLI
from lightning_go4align.cli.logged_config import LoggedConfig
from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.cli.numbers import check_numbers
from lightning_go4align.cli.progress import is_no_tip


class RefusalError(ArgumentError):
    """What a parser does not take, with the arguments that it has."""

    def __init__(self, message: str, parser: LightningArgumentParser) -> None:
        super().__init__(None, message)
        self.names = [action.dest for action in parser._actions]
        self.flags = [flag for action in parser._actions for flag in action.option_strings]


class _RefusingParser(LightningArgumentParser):
    """Raises what is refused, where jsonargparse prints it and exits."""

    refused: list[RefusalError]

    @override
    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        error = RefusalError(message, self)
        _RefusingParser.refused.append(error)
        raise error from ex


class _ParsedException(BaseException):
    """All is parsed, and nothing is to be built."""


class _Command(MultiTaskCLI):
    """The command line's: it explains what it refuses, and finds the number of tasks where a method needs it.

    Without what is to be called when all is built it only parses.
    """

    def __init__(self, arguments: list[str], ready: Callable[[], None] | None = None) -> None:
        self._ready = ready
        _RefusingParser.refused = []
        super().__init__(
            args=arguments,
            save_config_callback=LoggedConfig,
            save_config_kwargs={"overwrite": True},
            parser_kwargs={"prog": "go4align"},
            parser_class=_RefusingParser,
        )

    @override
    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        arguments = prepared(list(map(str, args or [])))
        command = next((word for word in arguments if word in self.subcommands()), "fit")
        with _explained(command, parser, arguments):
            self.config = trial.parsed(parser, arguments, self.subcommands() if self._ready else ())
        given = self.config[self.config.subcommand]
        check_generics(given)
        check_numbers(given.trainer)
        if given.get("ckpt_path") is not None:
            check_checkpoint(str(given.ckpt_path))
        if self._ready is None:
            raise _ParsedException

    @override
    def instantiate_classes(self) -> None:
        self.parser.add_instantiator(_build, object)  # Behind Lightning's, of modules and data.
        with _explained(str(self.subcommand), self.parser, []):
            super().instantiate_classes()

    @override
    def after_instantiate_classes(self) -> None:
        assert self._ready is not None
        self._ready()


def _build(kind: type, *args: Any, **kwargs: Any) -> Any:
    """Build a class of the configuration; jsonargparse would tell what it raised without a word of whose it is."""
    try:
        return kind(*args, **kwargs)
    except Exception as error:
        words = unbuilt(error, kind.__name__, kwargs)
        if words is None:
            raise
        raise words from error


@contextmanager
def _explained(command: str, parser: LightningArgumentParser, arguments: list[str]) -> Iterator[None]:
    """Explain what jsonargparse refuses while it parses, and while it builds."""
    try:
        yield
    except (ArgumentError, ValueError) as error:
        if not isinstance(error, ArgumentError) and "Does not validate against" not in str(error):
            raise  # a class's own words
        cause = None if isinstance(error, ArgumentError) else error.__cause__
        words = unbuilt(cause, "The model or the data", {}) if isinstance(cause, Exception) else None
        if words is not None:
            raise words from cause
        if arguments and arguments[0].startswith("-"):
            raise UsageError(
                f"`{arguments[0]}` stands before the command, where it takes a file with `{command}:` at its top.",
                f"Write the command first: `go4align {command} {' '.join(arguments[:2])}`.",
            ) from error
        raise refusals.mistake(str(error), lambda text: _names(text, parser, command), command) from error


def _names(text: str, parser: LightningArgumentParser, command: str) -> list[str]:
    """The arguments of the parser that refused one with these words, or its flags where it refused a word."""
    if text.startswith("Subcommand"):
        choices = [action.choices for action in parser._actions if isinstance(action.choices, dict)]
        return [action.dest for each in choices for action in each[command]._actions]
    of_each = [e.names if "accept" in text else e.flags for e in _RefusingParser.refused if str(e) == text]
    return max(of_each, key=len, default=[])  # A parser within another, whose arguments are more, comes first.


def run_lightning(arguments: list[str], ready: Callable[[], None]) -> None:
    """Run a command of LightningCLI.

    Args:
        arguments: The command with its arguments.
        ready: Called when all is built, before anything runs.
    """
    # What torch 2.13 says to Lightning 2.6 at every start, and what that recommends, is of no use to who trains.
    warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\).*")
    if arguments[0] != "fit":  # Lightning would only warn.
        warnings.filterwarnings("error", ".*there is no last checkpoint available")
    rank_zero.log.addFilter(is_no_tip)
    _Command(arguments, ready)


def check(arguments: list[str]) -> None:
    """Refuse a command of LightningCLI that does not fit; nothing is built, and no task counted.

    Raises:
        UsageError: If an argument is unknown, missing or of another type.
    """
    try:
        with suppress(_ParsedException):
            _Command(arguments)
    except UsageError as error:
        if trial.lacks_number(str(error.__cause__)) is None:
            raise
