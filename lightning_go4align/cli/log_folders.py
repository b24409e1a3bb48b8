"""A folder of its own for each run, however many start at once."""

from copy import deepcopy
from pathlib import Path

from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger


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
