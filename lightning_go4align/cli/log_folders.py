"""A folder of its own for each run, however many start at once."""

from copy import deepcopy
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from lightning_utilities.core.rank_zero import rank_zero_only

from lightning_go4align.atomic_write import unshared


@rank_zero_only
def own_root(folder: str | None) -> str:
    """Find a folder for the files of a fit without a logger, next to those of others.

    Args:
        folder: ``trainer.default_root_dir``; None for the current folder.

    Returns:
        The folder, or one below it if another fit has left its configuration there; as it is, if it is on another
        machine, and None on other ranks than 0.
    """
    if "://" in (folder or ""):
        return str(folder)  # on another machine
    return str(unshared(Path(folder or ".").expanduser(), "config.yaml"))


def with_own_folder(logger: Logger) -> Logger:
    """Give a logger that counts versions the next one that nobody has, and make its folder.

    Lightning looks for the next version and makes its folder later, so that two runs may find the same.

    Args:
        logger: A logger that has not logged yet.

    Returns:
        The logger, or a copy of it whose folder was made for it; one whose version was asked for stays as it is.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = mkdtemp()
        >>> [with_own_folder(CSVLogger(folder)).version for _ in range(2)]
        [0, 1]
    """
    if not isinstance(logger, CSVLogger | TensorBoardLogger):
        return logger
    before: int | str | None = None
    while True:
        fresh = deepcopy(logger)  # A logger keeps the version that it first finds.
        version = fresh.version
        if version == before or isinstance(version, str):
            return logger
        try:
            Path(fresh.root_dir, f"version_{version}").mkdir(parents=True)
        except FileExistsError:
            before = version
        else:
            return fresh
