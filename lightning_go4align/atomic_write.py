"""Files and folders that are either whole or not there, however many processes write them."""

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory


@contextmanager
def atomic_write(path: Path) -> Iterator[Path]:
    """Write a file or a folder under another name, and give it its own when the block ends without an error.

    Of several processes that write the same folder the first one's stays, of the same file the last one's.

    Args:
        path: What to write; its parents are made if need be.

    Yields:
        Where to write it; nothing is there yet.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> with atomic_write(folder / "numbers.txt") as unfinished:
        ...     _ = unfinished.write_text("1 2 3")
        >>> [file.name for file in folder.iterdir()]
        ['numbers.txt']
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{path.name}.", dir=path.parent) as own:
        unfinished = Path(own, path.name)
        yield unfinished
        try:
            unfinished.replace(path)
        except OSError:
            if not (unfinished.is_dir() and path.is_dir()):  # the folder of another process, which was first
                raise


def unshared(folder: Path, name: str) -> Path:
    """Find a folder in which nobody has a file of a name, and put an empty one there, for a run of its own.

    Args:
        folder: The folder to take if it is free; made if need be.
        name: Name of the file that says whose folder it is.

    Returns:
        The folder, or the first free one of ``version_1``, ``version_2`` and so on below it; another one for each of
        several processes.

    Example:
        >>> from tempfile import mkdtemp
        >>> folder = Path(mkdtemp())
        >>> [unshared(folder, "log").relative_to(folder).as_posix() for _ in range(3)]
        ['.', 'version_1', 'version_2']
    """
    for place in chain([folder], (folder / f"version_{number}" for number in count(1))):
        place.mkdir(parents=True, exist_ok=True)
        try:
            (place / name).touch(exist_ok=False)
        except FileExistsError:
            continue
        break
    return place
