"""The command ``go4align report``: a page of a run, of several, or of all below a folder; once, or live."""

import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from rich.console import Console
from rich.progress import track

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.history import FILE, History
from lightning_go4align.report.comparison import comparison
from lightning_go4align.report.configuration import configuration
from lightning_go4align.report.listing import listing
from lightning_go4align.report.page import page
from lightning_go4align.report.runs import Run, find_runs, read_runs
from lightning_go4align.report.watch import Server, Watched

PAGE, COMPARISON, INDEX = "group_dynamics.html", "group_dynamics_comparison.html", "group_dynamics_index.html"


def write_report(run: str | os.PathLike[str]) -> Path:
    """Draw the group dynamics of a run from its log.

    Works on a broken run, too: the log is saved at the end of each epoch and on an exception.

    Args:
        run: Folder of the run, the one that holds ``group_dynamics.npz``.

    Returns:
        The page, ``group_dynamics.html`` in the same folder.

    Raises:
        FileNotFoundError: If there is no such folder, or no log in it.

    Example:
        >>> import tempfile
        >>> from lightning_go4align.plots.example import example_history
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     _ = example_history().save(folder)
        ...     write_report(folder).name
        'group_dynamics.html'
    """
    return _write(Path(run) / PAGE, _run_page(Path(run)))


def report_command(paths: Sequence[str | os.PathLike[str]], watch: bool = False, port: int = 0) -> None:
    """Write the page of a run, of several runs, or of all runs below a folder, and print where it is.

    Args:
        paths: Folders of runs; or one folder with runs below it.
        watch: Serve the page on this computer instead, following the runs, until interrupted.
        port: Where to serve it; 0 for a free port.

    Raises:
        FileNotFoundError: If there is no such folder, or no log in it.
        ValueError: If a log cannot be read, or a run is given twice.
    """
    folders = [Path(path) for path in paths]
    _check_once(folders)
    if watch:
        serve(server(folders, port))
    else:
        print(write_pages(folders))  # noqa: T201  # the answer of the command


def write_pages(folders: list[Path]) -> Path:
    """Write the page that folders ask for, and those of runs that it links to and that are not up to date.

    Args:
        folders: Folders of runs; or one folder with runs below it.

    Returns:
        The page.

    Raises:
        FileNotFoundError: If there is no log.
        ValueError: If a log cannot be read.
    """
    linked = _runs(folders)
    if len(folders) == 1 and linked in ([], folders):
        return write_report(folders[0])
    root = _root(folders)
    content = _page_of(folders, root, {run: f"{quote(_below(run, root))}/{PAGE}" for run in linked})
    # First, for it can be read while the pages that it leads to are drawn, a second or two for each.
    written = _write(root / (INDEX if len(folders) == 1 else COMPARISON), content)
    old = [run for run in linked if _is_old(run)]
    for run in track(old, "Pages of runs", console=Console(stderr=True), transient=True):
        with suppress(ValueError):  # a log that cannot be read: the index says so
            write_report(run)
    return written


def server(folders: list[Path], port: int) -> Server:
    """Make the server that follows runs.

    Args:
        folders: Folders of runs; or one folder, below which runs may still begin.
        port: Where to listen; 0 for a free port.

    Raises:
        FileNotFoundError: If a folder does not exist.
    """
    for folder in folders:
        if not folder.is_dir():
            raise FileNotFoundError(f"{folder} is no folder. Give that of a run, or one below which runs are.")

    def pages(path: str) -> Watched | None:
        runs = _runs(folders)
        if path == "":
            links = {run: f"{index}/" for index, run in enumerate(runs)}
            return Watched(lambda: _stamp(runs), lambda: _page_of(folders, _root(folders), links))
        below = {f"{index}/": run for index, run in enumerate(runs)}
        run = None if runs == folders[:1] else below.get(path)  # one run is the page itself
        return None if run is None else Watched(lambda: _stamp([run]), lambda: _run_page(run))

    return Server(pages, port)


def serve(running: Server) -> None:
    """Say where the page is, and serve it until interrupted."""
    print(f"{running.address}  (this computer only; Ctrl+C ends it)", flush=True)  # noqa: T201  # the command's answer
    try:
        running.serve_forever()
    except KeyboardInterrupt:
        pass
    finally:
        running.server_close()


def _check_once(folders: list[Path]) -> None:
    """Refuse to compare a run with itself.

    Raises:
        ValueError: If two paths lead to one folder: the page would show one run as two that agree in everything.
    """
    seen: dict[Path, Path] = {}
    for folder in folders:
        first = seen.setdefault(folder.resolve(), folder)
        if first is not folder:
            raise ValueError(f"{first} and {folder} are one run. Name each run once.")


def _root(folders: list[Path]) -> Path:
    return folders[0] if len(folders) == 1 else Path(os.path.commonpath([folder.resolve() for folder in folders]))


def _runs(folders: list[Path]) -> list[Path]:
    return find_runs(folders[0]) if len(folders) == 1 else folders


def _page_of(folders: list[Path], root: Path, links: dict[Path, str]) -> str:
    if len(folders) > 1:
        return comparison(_seen_from(root, read_runs(folders)), [links[run] for run in folders])
    if list(links) == folders:
        return _run_page(folders[0])
    runs, unread = _readable(list(links), root)
    return listing(root, _seen_from(root, runs), [links[run.folder] for run in runs], unread)


def _seen_from(root: Path, runs: list[Run]) -> list[Run]:
    return [run._replace(folder=Path(_below(run.folder, root))) for run in runs]


def _readable(folders: list[Path], root: Path) -> tuple[list[Run], list[str]]:
    """Read what can be read; of the rest keep what is wrong, for a folder of runs outlives versions."""
    good, unread = [], []
    for folder in folders:
        try:
            History.load(folder)
            good.append(folder)
        except ValueError as error:
            unread.append(f"{_below(folder, root)}: {str(error).replace(f'{folder}{os.sep}', '')}")
    return read_runs(good), unread


def _run_page(run: Path) -> str:
    return page(History.load(run), configuration(run))


def _is_old(run: Path) -> bool:
    page = run / PAGE
    return not page.is_file() or page.stat().st_mtime_ns < (run / FILE).stat().st_mtime_ns


def _stamp(runs: list[Path]) -> str:
    return f"{len(runs)}-{max(((run / FILE).stat().st_mtime_ns for run in runs), default=0)}"


def _below(run: Path, root: Path) -> str:
    return os.path.relpath(run.resolve(), root.resolve())


def _write(path: Path, content: str) -> Path:
    with atomic_write(path) as unfinished:
        unfinished.write_text(content, encoding="utf-8")
    return path
