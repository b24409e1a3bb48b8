"""Engines, and searches, of which runs end at once, with what a formula says of their learning rate."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.study import Study
from lightning_go4align.studies.tuning import Tuning

RATE = "model.init_args.learning_rate"


class Instant:
    """An engine of which each run ends at once, with what a formula says of its learning rate, epoch by epoch."""

    def __init__(self, finish: Callable[..., None], values: Callable[[Run], Iterable[float]]) -> None:
        self.finish, self.values = finish, values
        self.cancelled: list[Run] = []

    def submit(self, runs: Sequence[Run]) -> list[Submitted]:
        for run in runs:
            run.folder.mkdir(parents=True)
        return [Submitted(run, iter(self.values(run))) for run in runs]

    def poll(self, submitted: Submitted) -> bool:
        return True

    def collect(self, submitted: Submitted) -> Ending:
        self.finish(submitted.run, [{"val/delta_m": value} for value in submitted.work])
        return Ending(End.FINISHED)

    def cancel(self, submitted: Sequence[Submitted]) -> None:
        self.cancelled += [one.run for one in submitted]

    def waits_for(self) -> None:
        return None

    def close(self) -> None: ...


def parabola(run: Run) -> list[float]:
    return [100 * (run.config["model"]["init_args"]["learning_rate"] - 0.3) ** 2]


def searched(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[..., None], engine: Any = None, **search: Any
) -> Tuning:
    """Make the search of a parabola; ``search`` may hold ``select_by`` and the number of epochs, too."""
    chosen = {"select_by": search.pop("select_by")} if "select_by" in search else {}
    epochs = {"trainer.max_epochs": search.pop("epochs", 10)}
    search = {"space": {RATE: {"low": 0.0, "high": 1.0}}, "trials": 20, **search}
    asked = study(tmp_path, search=search, reference="LS", name="s", overrides=epochs, **chosen)
    engine = engine or Instant(finish, parabola)
    return Tuning(asked, engine, jobs=1, deadline=float("inf"), console=Console(quiet=True))
