"""The command ``go4align``. Lightning and torch are imported by the commands that need them only."""

from typing import TYPE_CHECKING, Any

from lightning_go4align.cli.entry import main

if TYPE_CHECKING:
    from lightning_go4align.cli.lightning_cli import MultiTaskCLI

__all__ = ["MultiTaskCLI", "main"]


def __getattr__(name: str) -> Any:
    if name == "MultiTaskCLI":
        from lightning_go4align.cli.lightning_cli import MultiTaskCLI

        return MultiTaskCLI
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
