"""What loggers get of a fit of the command line: its configuration, and the numbers that it chooses."""

from collections.abc import Mapping, Sequence
from typing import Any

import yaml
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import SaveConfigCallback
from typing_extensions import override

from lightning_go4align.history.secrets import HIDDEN, is_secret, without_passwords
from lightning_go4align.update import MultiTaskCallback
from lightning_go4align.update.families import Family, shown
from lightning_go4align.update.hyperparameters import log_settings
from lightning_go4align.update.membership import callbacks_of


class LoggedConfig(SaveConfigCallback):
    """Save the configuration beside the logs, and give it to the loggers as nested hyperparameters, ``config``."""

    @override
    def save_config(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        if stage == "fit":
            written = yaml.safe_load(self.parser.dump(self.config, skip_none=False))
            log_settings(trainer, {"config": without_secret_values(written)})


def without_secret_values(settings: Any) -> Any:
    """Hide the values of settings whose names say that they are secrets, at any depth, and passwords of addresses.

    Example:
        >>> without_secret_values({"logger": [{"api_key": "123", "project": "qm9"}]})
        {'logger': [{'api_key': '(hidden)', 'project': 'qm9'}]}
    """
    if isinstance(settings, list):
        return [without_secret_values(item) for item in settings]
    if isinstance(settings, str):
        return without_passwords(settings)
    if not isinstance(settings, Mapping):
        return settings
    return {
        name: HIDDEN if is_secret(str(name)) and value is not None else without_secret_values(value)
        for name, value in settings.items()
    }


def choose_logged(trainer: Trainer, module: LightningModule, logged: Sequence[Family]) -> None:
    """Choose what loggers get, whoever brings the callback.

    Args:
        trainer: The trainer, before it fits.
        module: The module, which may bring its own.
        logged: Families of names.
    """
    for callback in (getattr(module, "multi_task_callback", None), *callbacks_of(trainer)):
        if isinstance(callback, MultiTaskCallback):
            callback.shown = shown(callback.shown.prog_bar, logged)
