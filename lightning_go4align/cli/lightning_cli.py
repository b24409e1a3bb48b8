"""LightningCLI for models of several tasks."""

import warnings
from argparse import ArgumentError
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI
from lightning_utilities.core import rank_zero
from typing_extensions import override

from lightning_go4align import methods, module, monitors, update  # so that short class names are found
from lightning_go4align.cli import refusals, trial
from lightning_go4align.cli.arguments import prepared
from lightning_go4align.cli.checkpoints import check_checkpoint, is_whole_model
from lightning_go4align.cli.closing import closing_words
from lightning_go4align.cli.log_folders import own_root, with_own_folder
from lightning_go4align.cli.logged_config import LoggedConfig, choose_logged
from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.cli.numbers import check_numbers
from lightning_go4align.cli.progress import is_no_tip, leave_room_for_metrics, log_above_the_bar, show_no_version
from lightning_go4align.cli.weights_to_test import weights_to_test
from lightning_go4align.update.families import Family

__all__ = ["MultiTaskCLI", "methods", "module", "monitors", "run_lightning", "update"]


class MultiTaskCLI(LightningCLI):
    """LightningCLI for any LightningModule and DataModule, which can test after a fit.

    A run's log folder is its own, also where several start at once.
    """

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument(
            "--test_after_fit",
            type=bool,
            default=False,
            help="Test after `fit`: the best checkpoint if one is monitored, else the last weights.",
        )
        parser.add_argument(
            "--logged",
            type=list[Family] | None,
            default=None,
            help="What loggers get of each step, as `[objective, loss, weight]`; else what the callback was given.",
        )

    @override
    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        given = self.config_init["fit"].trainer if self.subcommand == "fit" else None
        if given is not None and given.logger in (False, []) and not given.fast_dev_run:
            kwargs = {"default_root_dir": own_root(given.default_root_dir) or given.default_root_dir, **kwargs}
        return super().instantiate_trainer(**kwargs)

    @override
    def _parse_ckpt_path(self) -> None:
        """Take what a module kept by ``save_hyperparameters`` from a checkpoint to evaluate, and not to go on from.

        Lightning lays it over the configuration. In a fit that would undo what files and arguments say, and a study's
        run that was interrupted would be another.
        """
        path = self.config.get(f"{self.config.get('subcommand')}.ckpt_path")
        if self.config.get("subcommand") == "fit" or not is_whole_model(path, self.subclass_mode_model):
            return
        super()._parse_ckpt_path()

    def before_fit(self) -> None:
        """Take the folder of the run's logs, before another run that starts now does."""
        show_no_version(self.trainer)
        leave_room_for_metrics(self.trainer)
        log_above_the_bar()
        if self.trainer.is_global_zero:
            self.trainer.loggers = [with_own_folder(logger) for logger in self.trainer.loggers]
        if self.config["fit"]["logged"] is not None:
            choose_logged(self.trainer, self.model, self.config["fit"]["logged"])

    def after_fit(self) -> None:
        """Test, if the configuration says so, and say where everything is."""
        if self.config["fit"]["test_after_fit"] and not self.trainer.interrupted:
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
            own_table = any(getattr(callback, "prints_results", False) for callback in callbacks)
            self.trainer.test(
                self.model,
                datamodule=self.datamodule,
                ckpt_path=weights_to_test(self.trainer, self.model),
                verbose=not own_table,
            )
        if self.trainer.is_global_zero and not self.trainer.fast_dev_run:  # type: ignore[attr-defined]  # as above
            print(*closing_words(self.trainer), sep="\n")  # noqa: T201  # the command's answer


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


class _Command(MultiTaskCLI):
    """The command line's: it explains what it refuses, and finds the number of tasks where a method needs it."""

    def __init__(self, arguments: list[str], ready: Callable[[], None]) -> None:
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
            self.config = trial.parsed(parser, arguments, self.subcommands())
        given = self.config[self.config.subcommand]
        check_numbers(given.trainer)
        if given.get("ckpt_path") is not None:
            check_checkpoint(str(given.ckpt_path))

    @override
    def instantiate_classes(self) -> None:
        with _explained(str(self.subcommand), self.parser, []):
            super().instantiate_classes()

    @override
    def after_instantiate_classes(self) -> None:
        self._ready()


@contextmanager
def _explained(command: str, parser: LightningArgumentParser, arguments: list[str]) -> Iterator[None]:
    """Explain what jsonargparse refuses while it parses, and while it builds."""
    try:
        yield
    except (ArgumentError, ValueError) as error:
        if not isinstance(error, ArgumentError) and "Does not validate against" not in str(error):
            raise  # a class's own words
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
