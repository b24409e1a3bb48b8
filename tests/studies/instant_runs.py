"""Engines of which runs end at once, with what a formula says of their learning rate."""

from collections.abc import Callable, Iterable, Sequence

from lightning_go4align.studies.attempt import End, Ending
from lightning_go4align.studies.engines import Submitted
from lightning_go4align.studies.plan import Run

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
