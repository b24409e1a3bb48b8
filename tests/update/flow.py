"""Through which files of ours a training batch passes."""

import sys
from collections import Counter
from pathlib import Path
from types import FrameType
from typing import Any

import lightning.pytorch as pl
from typing_extensions import override

import lightning_go4align

ROOM = str(Path(lightning_go4align.__file__).parent)


class FlowTracer(pl.Callback):
    """Follows one batch, from the first callback's ``on_train_batch_start`` to the last one's end.

    Put one at each end of the callbacks: ``callbacks=[flow.first, ..., flow]``, so that the hooks of those between
    are counted. Calls are those of functions written in Python; what torch and Lightning do between them is not ours.

    Args:
        batch: Number of the batch that is followed.
    """

    def __init__(self, batch: int) -> None:
        self.calls: Counter[str] = Counter()
        self.functions: list[str] = []
        self.changes = 0
        self.first = _Starter(batch, self)
        self._batch, self._last = batch, ""

    @property
    def files(self) -> list[str]:
        return sorted(self.calls)

    def trace(self, frame: FrameType, event: str, _: Any) -> None:
        file = frame.f_code.co_filename
        if event == "call" and file.startswith(ROOM):
            name = str(Path(file).relative_to(ROOM))
            self.calls[name] += 1
            self.functions.append(f"{name}: {frame.f_code.co_qualname}")
            self.changes += name != self._last
            self._last = name

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self._batch:
            sys.setprofile(None)


class _Starter(pl.Callback):
    def __init__(self, batch: int, tracer: FlowTracer) -> None:
        self._batch, self._tracer = batch, tracer

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx == self._batch:
            sys.setprofile(self._tracer.trace)
