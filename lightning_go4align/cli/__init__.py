"""The command ``go4align``. Lightning and torch are imported by the commands that need them only."""

from typing import TYPE_CHECKING

from lightning_go4align.cli.entry import main
from lightning_go4align.on_demand import on_demand

if TYPE_CHECKING:
    from lightning_go4align.cli.lightning_cli import MultiTaskCLI

__all__ = ["MultiTaskCLI", "main"]

if not TYPE_CHECKING:
    __getattr__ = on_demand(__name__, {".lightning_cli": ["MultiTaskCLI"]})
