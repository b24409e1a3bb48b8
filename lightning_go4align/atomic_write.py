"""Files and folders that are either whole or not there, however many processes write them."""

from collections.abc import Iterator
from contextlib import contextmanager
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
