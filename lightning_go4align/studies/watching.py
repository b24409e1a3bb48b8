"""What a person sees while a study runs."""

from collections.abc import Iterable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text
from typing_extensions import override

from lightning_go4align.studies.logs import epochs_done
from lightning_go4align.studies.plan import Run

BAR_WIDTH = 20


class _Bars(Progress):
    """Bars, and below them a line on what is waited for, which takes as many lines of the terminal as it needs."""

    waiting = ""

    @override
    def get_renderables(self) -> Iterable[RenderableType]:
        yield from super().get_renderables()
        if self.waiting:
            yield Text(self.waiting)


class Watcher:
    """One display of all runs: a bar for the study, and one for each run in progress with its epochs.

    It fits into the terminal's width: what is long takes several lines.

    Args:
        study: Name of the study.
        total: Number of its runs.
        console: Where to draw.
    """

    def __init__(self, study: str, total: int, console: Console) -> None:
        names = TextColumn("{task.description}", markup=False, table_column=Column(overflow="fold"))
        columns = (names, BarColumn(BAR_WIDTH), MofNCompleteColumn(), TimeElapsedColumn())
        self._progress = _Bars(*columns, console=console)
        self._all = self._progress.add_task(study, total=total)
        self._bars: dict[Path, TaskID] = {}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None
    ) -> None:
        self._progress.stop()

    def started(self, run: Run) -> None:
        """A run starts; whoever waits says so anew."""
        self._progress.waiting = ""
        self._bars[run.folder] = self._progress.add_task(f"  {run.title}", total=run.num_epochs)

    def watch(self, runs: Sequence[Run]) -> None:
        """Look at the runs in progress."""
        for run in runs:
            self._progress.update(self._bars[run.folder], completed=epochs_done(run.folder))

    def skipped(self, run: Run) -> None:
        """A run was finished before."""
        self._progress.waiting = ""
        self._progress.advance(self._all)

    def waiting(self, number: int, what: str) -> None:
        """Runs wait for something."""
        self._progress.waiting = f"{number} more wait for {what}" if number else ""

    def postponed(self, run: Run, why: str) -> None:
        """A run has to be submitted again: its machine is lost, or another process is at it."""
        self._progress.remove_task(self._bars.pop(run.folder))
        self._progress.console.print(Text(f"again: {run.title}: {why}"))

    def ended(self, run: Run, failure: str | None) -> None:
        """A run ended, well if there is no failure."""
        self._progress.remove_task(self._bars.pop(run.folder))
        self._progress.advance(self._all)
        if failure is not None:
            # Text, since brackets in names, paths and messages are no markup.
            self._progress.console.print(Text.assemble(("failed:", "red"), f" {run.title}: {failure}"))
