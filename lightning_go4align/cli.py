"""The command ``go4align``."""

import logging
import pkgutil
import sys
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from jsonargparse import auto_cli
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from lightning_utilities.core import rank_zero
from typing_extensions import override

from lightning_go4align import methods, module, monitors, update  # so that short class names are found

__all__ = ["MultiTaskCLI", "main", "methods", "module", "monitors", "update"]

# By their names: what imports nothing of studies works without them.
FAR = {name: f"lightning_go4align.studies.command:{name}" for name in ("study", "tune")}
OTHERS = "Further commands, each with its own --help: report, dashboard, study, tune."


class MultiTaskCLI(LightningCLI):
    """LightningCLI for any LightningModule and DataModule, which can test after a fit."""

    @override
    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        parser.add_argument(
            "--test_after_fit",
            type=bool,
            default=False,
            help="Test after `fit`: the best checkpoint if one is monitored, else the last weights.",
        )

    def after_fit(self) -> None:
        """Test, if the configuration says so."""
        if self.config["fit"]["test_after_fit"] and not self.trainer.interrupted:
            monitored = [
                callback
                for callback in self.trainer.checkpoint_callbacks
                if isinstance(callback, ModelCheckpoint) and callback.monitor and callback.best_model_path
            ]
            callbacks: list[Callback] = self.trainer.callbacks  # type: ignore[attr-defined]  # set by a connector
            own_table = any(getattr(callback, "prints_results", False) for callback in callbacks)
            self.trainer.test(
                self.model,
                datamodule=self.datamodule,
                ckpt_path="best" if monitored else None,
                verbose=not own_table,
            )


def main(args: list[str] | None = None) -> None:
    """Run ``go4align`` with a command and its arguments.

    Args:
        args: The arguments; None for those of the process.
    """
    given = sys.argv[1:] if args is None else args
    here = str(Path.cwd())
    if here not in sys.path:  # where `class_path: my_project.Module` lies; a console script does not look there
        sys.path.append(here)
    # What torch 2.13 says to Lightning 2.6 at every start, and what that recommends, is of no use to who trains.
    warnings.filterwarnings("ignore", r".*isinstance\(treespec, LeafSpec\).*")
    rank_zero.log.addFilter(_is_no_tip)
    commands: dict[str, Callable[..., object]] = {"report": report, "dashboard": dashboard}
    if given and given[0] in FAR:
        commands[given[0]] = pkgutil.resolve_name(FAR[given[0]])
    if given and given[0] in commands:
        name = f"go4align {given[0]}"
        try:
            auto_cli(commands[given[0]], args=given[1:], prog=name, as_positional=True)
        except KeyboardInterrupt:
            raise SystemExit(130) from None
    else:
        MultiTaskCLI(
            args=args,
            save_config_kwargs={"overwrite": True},
            parser_kwargs={"prog": "go4align", "epilog": OTHERS},
        )


@contextmanager
def _mistakes(command: str) -> Iterator[None]:
    """Tell what the user can mend in a sentence, without a traceback."""
    try:
        yield
    except (ValueError, OSError, ImportError) as error:
        raise SystemExit(f"go4align {command}: {error}") from error


def _is_no_tip(record: logging.LogRecord) -> bool:
    return "Tip: For seamless cloud" not in record.getMessage()


def report(run: Path) -> None:
    """Write the HTML report of a run again from its event log.

    Args:
        run: Folder of the run: the logger's, where ``GroupDynamicsMonitor`` keeps its history.
    """
    with _mistakes("report"):
        from lightning_go4align.report import write_report

        print(write_report(run))  # noqa: T201  # the answer of the command


def dashboard(project: str, report: bool = False, dry_run: bool = False) -> None:
    """Build the W&B workspace of group dynamics for a project, or update it.

    Args:
        project: ``ENTITY/PROJECT``.
        report: Also write a W&B report with the same panels.
        dry_run: Print the specification instead; needs no network.
    """
    with _mistakes("dashboard"):
        from lightning_go4align.dashboard import dashboard

        print(dashboard(project, report=report, dry_run=dry_run))  # noqa: T201  # the answer of the command


if __name__ == "__main__":
    main()
