"""LightningCLI for models of several tasks."""

from typing import Any

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import Callback
from lightning.pytorch.cli import LightningArgumentParser, LightningCLI
from typing_extensions import override

from lightning_go4align import methods, module, monitors, update  # so that short class names are found
from lightning_go4align.cli.checkpoints import is_whole_model
from lightning_go4align.cli.closing import closing_words
from lightning_go4align.cli.log_folders import own_root, with_own_folder
from lightning_go4align.cli.logged_config import choose_logged
from lightning_go4align.cli.progress import leave_room_for_metrics, log_above_the_bar, show_no_version
from lightning_go4align.cli.tensors import read_tensors
from lightning_go4align.cli.weights_to_test import weights_to_test
from lightning_go4align.update.families import Family

__all__ = ["MultiTaskCLI", "methods", "module", "monitors", "update"]


class MultiTaskCLI(LightningCLI):
    """LightningCLI for any LightningModule and DataModule, which can test after a fit.

    A run's log folder is its own, also where several start at once.
    """

    @override
    def init_parser(self, **kwargs: Any) -> LightningArgumentParser:
        read_tensors()
        return super().init_parser(**kwargs)

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
