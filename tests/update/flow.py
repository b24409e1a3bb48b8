"""Through which files of ours a training batch passes."""

import sys
from itertools import pairwise
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from typing_extensions import override

import lightning_go4align

ROOM = Path(lightning_go4align.__file__).parent
KERNELS = ("functional", "history", "methods")  # They compute, and know of no step.


class Flow:
    """Follows one batch, from the first callback's ``on_train_batch_start`` to the last one's ``on_train_batch_end``.

    Put ``first`` and ``last`` at the ends of the trainer's callbacks, so that the hooks of those between are counted.
    A call is one of a function that is written in Python; what torch and Lightning do in between is not ours.

    Args:
        batch: Number of the batch that is followed.
    """

    def __init__(self, batch: int) -> None:
        self.calls: list[str] = []
        self.first, self.last = _Starter(batch, self), _Stopper(batch)

    def trace(self, frame: FrameType, event: str, _: Any) -> None:
        file = Path(frame.f_code.co_filename)
        if event == "call" and file.is_relative_to(ROOM):
            self.calls.append(file.relative_to(ROOM).as_posix())

    @property
    def shell(self) -> list[str]:
        """The calls outside of what computes."""
        return [file for file in self.calls if file.split("/")[0] not in KERNELS]


def changes(calls: list[str]) -> int:
    """How often a call is of another file than the one before."""
    return sum(before != now for before, now in pairwise(calls))


class _Starter(pl.Callback):
    def __init__(self, batch: int, flow: Flow) -> None:
        self.batch, self.flow = batch, flow

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.batch:
            sys.setprofile(self.flow.trace)


class _Stopper(pl.Callback):
    def __init__(self, batch: int) -> None:
        self.batch = batch

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self.batch:
            sys.setprofile(None)
