"""Where loggers keep what is no number: pictures, the page, a table of the tasks."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from lightning.pytorch.loggers import CometLogger, Logger, MLFlowLogger, TensorBoardLogger, WandbLogger
from numpy.typing import NDArray

from lightning_go4align.plain_text import in_markdown, in_one_line
from lightning_go4align.update.lightning_logs import is_kind

if TYPE_CHECKING:
    import wandb

Columns = dict[str, list[Any]]
# What stays legible with many tasks comes first.
_CHARTS = ("group_weight", "group_size", "weight", "loss", "scaled_loss", "indicator", "group")


class Place(Protocol):
    """What a logger can be handed beside numbers; a step is where on its axis to put it."""

    def begin(self) -> None:
        """Tell it, once a fit, how its numbers belong together."""

    def picture(self, key: str, image: NDArray[np.uint8], step: int) -> None:
        """Keep a picture, shape ``[H, W, 3]``."""

    def page(self, file: Path, step: int) -> None:
        """Keep the page of the run."""

    def table(self, key: str, columns: Columns, step: int) -> None:
        """Keep a table."""


class WandbPlace(NamedTuple):
    """Weights & Biases."""

    logger: WandbLogger

    def begin(self) -> None:
        self.logger.experiment.define_metric("epoch", hidden=True)
        self.logger.experiment.define_metric("val/delta_m", step_metric="epoch", summary="min,last")

    def picture(self, key: str, image: NDArray[np.uint8], step: int) -> None:
        self.logger.log_image(key, [image], step)

    def page(self, file: Path, step: int) -> None:
        import wandb

        # As it is: W&B's own wrapping would add an external address.
        html = wandb.Html(file.read_text(encoding="utf-8"), inject=False)
        self.logger.log_metrics({"report": html}, step)  # type: ignore[dict-item]  # W&B takes media as values

    def table(self, key: str, columns: Columns, step: int) -> None:
        import wandb

        # A bar for each task stays legible where lines of all tasks, in all runs, do not.
        kept = wandb.Table(columns=list(columns), data=_rows(columns))
        bars = {f"{key}/{name}": wandb.plot.bar(*_bars(columns, name)) for name in _BARS}
        self.logger.log_metrics({key: kept, **bars}, step)  # type: ignore[dict-item]  # as above


_BARS = ("mean weight", "recent share")
_MOST = 20  # names that do not cover each other in W&B's usual panel, 300 pixels high


def _bars(columns: Columns, name: str) -> tuple["wandb.Table", str, str, str]:
    """What a chart of bars is made of: a column of the table, of many tasks the lowest and the highest."""
    import wandb

    pairs = sorted(zip(columns[name], columns["task"], strict=True), key=lambda pair: (math.isnan(pair[0]), pair[0]))
    shown, title = pairs, name
    if len(pairs) > _MOST:
        shown, title = (
            pairs[: _MOST // 2] + pairs[-_MOST // 2 :],
            f"{name}: the lowest and the highest of {len(pairs)}",
        )
    table = wandb.Table(columns=["task", name], data=[[task, value] for value, task in shown])
    return table, "task", name, title


class TensorBoardPlace(NamedTuple):
    """TensorBoard; the page stays in the run's folder, beside its file."""

    logger: TensorBoardLogger

    def begin(self) -> None:
        charts = {key: ["Multiline", [f"{key}/.*"]] for key in _CHARTS}
        self.logger.experiment.add_custom_scalars({"tasks": charts})

    def picture(self, key: str, image: NDArray[np.uint8], step: int) -> None:
        self.logger.experiment.add_image(key, image, step, dataformats="HWC")

    def page(self, file: Path, step: int) -> None:
        pass

    def table(self, key: str, columns: Columns, step: int) -> None:
        rows = [list(columns), ["---"] * len(columns), *([_word(cell) for cell in row] for row in _rows(columns))]
        self.logger.experiment.add_text(key, "\n".join(f"| {' | '.join(row)} |" for row in rows), step)


class MLFlowPlace(NamedTuple):
    """MLflow, as artifacts of the run."""

    logger: MLFlowLogger

    def begin(self) -> None:
        pass

    def picture(self, key: str, image: NDArray[np.uint8], step: int) -> None:
        self.logger.experiment.log_image(self.logger.run_id, image, artifact_file=f"{key}_{step:08d}.png")

    def page(self, file: Path, step: int) -> None:
        self.logger.experiment.log_artifact(self.logger.run_id, str(file))

    def table(self, key: str, columns: Columns, step: int) -> None:
        named = {name.replace(" ", "_"): column for name, column in columns.items()}
        self.logger.experiment.log_dict(self.logger.run_id, named, f"{key}.json")


class CometPlace(NamedTuple):
    """Comet, as graphics and assets of the experiment."""

    logger: CometLogger

    def begin(self) -> None:
        pass

    def picture(self, key: str, image: NDArray[np.uint8], step: int) -> None:
        self.logger.experiment.log_image(image, name=key, step=step)

    def page(self, file: Path, step: int) -> None:
        self.logger.experiment.log_asset(str(file), file_name=file.name, step=step)

    def table(self, key: str, columns: Columns, step: int) -> None:
        self.logger.experiment.log_table(f"{key}.csv", tabular_data=_rows(columns), headers=list(columns))


def places(loggers: Iterable[Logger]) -> list[Place]:
    """Find the places of the loggers that have one.

    Args:
        loggers: The trainer's loggers.

    Example:
        >>> from lightning.pytorch.loggers import CSVLogger
        >>> places([CSVLogger("logs")])
        []
    """
    found: list[Place] = []
    for logger in loggers:
        for kind, make in _KINDS:
            if is_kind(logger, kind):
                found.append(make(logger))
    return found


_KINDS: Sequence[tuple[type[Logger], Any]] = (
    (WandbLogger, WandbPlace),
    (TensorBoardLogger, TensorBoardPlace),
    (MLFlowLogger, MLFlowPlace),
    (CometLogger, CometPlace),
)


def _rows(columns: Columns) -> list[list[Any]]:
    return [list(row) for row in zip(*columns.values(), strict=True)]


def _word(cell: object) -> str:
    return f"{cell:.3g}" if isinstance(cell, float) else in_markdown(in_one_line(cell)).replace("|", r"\|")
