"""A run that can be resumed in the middle of an epoch. As a script, one that kills itself."""

import logging
import os
import signal
import sys
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import torch
from lightning.pytorch.callbacks import Callback, ModelCheckpoint
from lightning.pytorch.loggers import CSVLogger
from torch import nn
from torchjd.aggregation import GradDrop, NashMTL, PCGrad, UPGrad
from torchjd.scalarization import DWA, FAMO, UW, Random

from lightning_go4align.update.given_method import Optimization

sys.path.insert(0, str(Path(__file__).parents[1]))
from toy import Toy, quiet_trainer, rows

from lightning_go4align import GO4Align, MultiTaskCallback, MultiTaskMixin
from lightning_go4align.clustering import AutomaticKMeans, RandomGroups, RandomGroupWeights
from lightning_go4align.methods import GroupedScalarizer, SingleTask

METHODS = {
    "GO4Align": lambda: GO4Align(2, 1e-2),
    "GO4Align, automatic number": lambda: GO4Align(None, 1e-2, clustering=AutomaticKMeans()),
    "FAMO": lambda: FAMO(3),
    "DWA": DWA,
    "UW": lambda: UW(3),
    "FAMO in groups": lambda: GroupedScalarizer(FAMO(3), 2),
    "Nash-MTL": lambda: NashMTL(3, update_weights_every=3, optim_niter=3),
    "UPGrad": UPGrad,
    "a task by its name": lambda: SingleTask("b"),
    "RLW": Random,
    "PCGrad": PCGrad,
    "GradDrop": GradDrop,
    "random groups": lambda: GO4Align(2, clustering=RandomGroups(RandomGroupWeights())),
}


class Loader:
    """Batches with a state, as Lightning wants it for a resume in the middle of an epoch."""

    def __init__(self) -> None:
        self.next = 0

    def __len__(self) -> int:
        return 5

    def __iter__(self) -> Iterator[Any]:
        tensors = rows().tensors
        for i in range(self.next, len(self)):
            self.next = (i + 1) % len(self)
            yield [tensor[i * 8 : (i + 1) * 8] for tensor in tensors]

    def state_dict(self) -> dict[str, int]:
        return {"next": self.next}

    def load_state_dict(self, state: dict[str, int]) -> None:
        self.next = state["next"]


class Piece(Toy):
    """With Adam, a scheduler and BatchNorm: all that has a state."""

    def __init__(self) -> None:
        super().__init__(normalized=True)

    def configure_optimizers(self) -> Any:
        optimizer = torch.optim.Adam(self.parameters(), 1e-2)
        scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 3, 0.7)
        return [optimizer], [{"scheduler": scheduler, "interval": "step"}]

    def shared_parameters(self) -> Iterator[nn.Parameter]:
        return self.trunk.parameters()


class BalancedPiece(MultiTaskMixin, Piece): ...


class Ended(NamedTuple):
    """What is equal when two runs are, as plain numbers."""

    parameters: dict[str, list[Any]]
    state: str
    steps: int
    series: dict[str, str]


def run(
    method: Any,
    folder: Path,
    optimization: Optimization = "manual",
    resume: Path | None = None,
    module: Piece | None = None,
    callbacks: tuple[Callback, ...] = (),
) -> Ended:
    torch.manual_seed(0)
    module = module or Piece()
    callback = getattr(module, "multi_task_callback", None) or MultiTaskCallback(method, optimization)
    checkpoint = ModelCheckpoint(folder, save_top_k=-1, every_n_train_steps=1)
    logger = CSVLogger(folder, name="", version="")
    trainer = quiet_trainer(
        callbacks=[callback, checkpoint, *callbacks],
        enable_checkpointing=True,
        logger=logger,
        log_every_n_steps=1,
        max_epochs=3,
    )
    trainer.fit(module, Loader(), ckpt_path=resume and str(resume), weights_only=True)
    state = callback.state_dict()
    return Ended(
        {name: value.tolist() for name, value in module.state_dict().items()},
        repr(state),
        trainer.global_step,
        logged(folder / "metrics.csv"),
    )


def logged(path: Path) -> dict[str, str]:
    """The rows after the tenth step, which every run has."""
    lines = path.read_text().splitlines()
    header = lines[0].split(",")
    table = [dict(zip(header, line.split(","), strict=True)) for line in lines[1:]]
    return {f"{row['step']} {key}": row[key] for row in table if int(row["step"]) >= 10 for key in header}


class Killer(Callback):
    """Kills the process in the middle of the backward pass of a step."""

    def on_after_backward(self, trainer: Any, pl_module: Any) -> None:
        if trainer.global_step == 8:
            os.kill(os.getpid(), signal.SIGKILL)


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    warnings.simplefilter("ignore")
    torch.set_num_threads(1)
    run(FAMO(3), Path(sys.argv[1]), callbacks=(Killer(),))
