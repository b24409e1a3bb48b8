"""The plugin never makes the host wait for the device, but for one copy on a logging step."""

from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from torch.utils._python_dispatch import TorchDispatchMode
from torchjd.scalarization import DWA, FAMO, UW, Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback, kmeans_1d
from lightning_go4align.functional import grouping
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.kmeans_torch import solve_by_torch
from lightning_go4align.methods import SI, GroupedScalarizer
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.readout import Readout
from perf.gpu_kit.proofs import Strict

STALLS = ("_local_scalar_dense", "nonzero", "item", "_unique2", "unique_dim", "masked_select", "is_nonzero", "equal")


class Stalls(TorchDispatchMode):
    """Writes down the operations that would make the host wait for an accelerator."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # torch's mode has no types.
        self.found: list[str] = []

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = function.overloadpacket.__name__
        if name in STALLS or (name == "index" and any(i is not None and i.dtype == torch.bool for i in args[1])):
            self.found.append(name)
        return function(*args, **(kwargs or {}))


class Watch(pl.Callback):
    """Watches the whole of each batch after the first, the training step's hooks and callbacks included."""

    def __init__(self) -> None:
        self.stalls = Stalls()

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx > 0:
            self.stalls.__enter__()  # type: ignore[no-untyped-call]  # torch's mode has no types.

    @override
    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        if batch_idx > 0:
            self.stalls.__exit__(None, None, None)  # type: ignore[no-untyped-call]  # torch's mode has no types.


def sgd(module: Toy) -> torch.optim.Optimizer:
    return torch.optim.SGD(module.parameters(), 1e-3)  # Adam reads its step counts on a CPU.


def on_device(points: torch.Tensor, number: int) -> Grouping:
    """The path that an accelerator takes; on a CPU ``kmeans_1d`` reads the host's own memory."""
    return Grouping(*solve_by_torch(points, range(number, number + 1))[0])


METHODS = {
    "Sum": Sum,
    "SI": SI,
    "GO4Align": lambda: GO4Align(2, 1e-2, clustering=on_device),
    "AGRM of SI": lambda: GroupedScalarizer(SI(), 2, clustering=on_device),
    "DWA": DWA,
}


def stalls(method: Any, optimization: Optimization, **options: Any) -> list[str]:
    watch = Watch()
    callbacks = [MultiTaskCallback(method, optimization), watch]
    quiet_trainer(callbacks=callbacks, max_epochs=1, **options).fit(Toy(sgd), loader())
    return watch.stalls.found


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_step_reads_nothing_on_the_host(method: Any, optimization: Optimization) -> None:
    assert stalls(method(), optimization, accumulate_grad_batches=2, gradient_clip_val=0.5) == []


@pytest.mark.parametrize("method", [lambda: FAMO(3), lambda: UW(3)], ids=["FAMO", "UW"])
def test_a_method_that_learns_reads_only_the_step_count_of_its_adam_in_host_memory(method: Any) -> None:
    assert stalls(method(), "manual") == ["_local_scalar_dense"] * 4


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_logging_step_copies_once(
    optimization: Optimization, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[int] = []
    to_list = torch.Tensor.tolist

    def counted(tensor: torch.Tensor) -> Any:
        if tensor.numel() > 3:  # Three weights or losses are looked at where they are in host memory, as here.
            copies.append(tensor.numel())
        return to_list(tensor)

    monkeypatch.setattr(torch.Tensor, "tolist", counted)
    options = {"logger": CSVLogger(tmp_path), "log_every_n_steps": 2}
    method = GO4Align(2, 1e-2, clustering=on_device)
    assert stalls(method, optimization, **options) == []
    # Batch 1, where a CPU looks early for trouble, eight numbers a task, and reads on as a task seems to starve. Then
    # batches 2 and 4, and the end of the epoch: 21 numbers a task, the objective and two group weights.
    assert copies == [24, 66, 66, 66, 66]


def test_a_logging_step_that_is_watched_copies_once(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[int] = []
    after_each_batch: list[list[int]] = []
    to_host = torch.Tensor.cpu

    def counted(tensor: torch.Tensor) -> Any:
        copies.append(tensor.numel())
        return to_host(tensor)

    class Snapshot(pl.Callback):
        @override
        def on_train_batch_end(self, *_: Any) -> None:
            after_each_batch.append(copies.copy())

    monkeypatch.setattr(torch.Tensor, "cpu", counted)
    method, watch = GO4Align(2, 1e-2, clustering=on_device), Watch()
    callbacks = [MultiTaskCallback(method), GroupDynamicsMonitor(num_pictures=0), watch, Snapshot()]
    options = {"logger": CSVLogger(tmp_path), "log_every_n_steps": 2, "default_root_dir": tmp_path}
    quiet_trainer(callbacks=callbacks, max_epochs=1, **options).fit(Toy(sgd), loader())
    assert watch.stalls.found == []
    # The 66 numbers of a step, and twelve of each step since the last time.
    assert after_each_batch == [[78], [78, 78], [78, 78], [78, 78, 90], [78, 78, 90]]


@pytest.mark.parametrize("deterministic", [False, True])
def test_the_exact_solver_of_an_accelerator_reads_nothing(deterministic: bool) -> None:
    points = torch.tensor([0.3, 2.0, 0.1, 2.0, torch.nan, torch.inf, 5.0])
    torch.use_deterministic_algorithms(deterministic)
    with Stalls() as found:
        solutions = solve_by_torch(points, range(1, 8))
    torch.use_deterministic_algorithms(False)
    assert (found.found, len(solutions)) == ([], 7)


@pytest.mark.gpu
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("method", [Sum, lambda: GO4Align(2, 1e-2), lambda: UW(3), lambda: FAMO(3)])
def test_cuda_never_waits_in_a_step(method: Any, optimization: Optimization) -> None:
    callbacks = [MultiTaskCallback(method(), optimization), Strict()]
    trainer = quiet_trainer(callbacks=callbacks, accelerator="gpu", devices=1, gradient_clip_val=0.5)
    trainer.fit(Toy(), loader())
    assert trainer.global_step == 10


def test_the_default_solver_is_the_devices_where_the_points_are() -> None:
    points = torch.tensor([0.1, 0.2, 3.0])
    assert torch.equal(on_device(points, 2).assignment, kmeans_1d(points, 2).assignment)
    assert grouping.kmeans_1d is kmeans_1d


def test_where_nobody_is_shown_anything_the_host_looks_rarely_however_often_it_could(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    looks, reads = list[int](), list[int]()
    look, read = Readout.finds_trouble, Readout.read
    trainer = quiet_trainer(callbacks=MultiTaskCallback(SI()), max_epochs=1, log_every_n_steps=1)

    def noting(steps: list[int], function: Any) -> Any:
        def noted(readout: Readout) -> Any:
            steps.append(trainer.global_step)
            return function(readout)

        return noted

    monkeypatch.setattr(Readout, "finds_trouble", noting(looks, look))
    monkeypatch.setattr(Readout, "read", noting(reads, read))
    trainer.fit(Toy(sgd), loader(800))
    assert looks == [1, 2, 4, 8, 16, 32, 64, 96]  # No task starves, so that there is nothing to read,
    assert set(reads) == {100}  # until the epoch ends.
