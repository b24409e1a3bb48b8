"""Claims that a device must bear out."""

from typing import Any

import torch
from lightning.pytorch import Callback, Trainer
from torch import Tensor
from torch.profiler import ProfilerActivity, profile
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback, RobustGO4Align
from lightning_go4align.clustering import ungrouped
from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.functional.weighing_numpy import weigh_by_numpy
from lightning_go4align.functional.weighing_torch import weigh_by_torch
from perf.gpu_kit.hostile import hostile
from perf.gpu_kit.pieces import NOT_HERE, Outcome, Piece, Setting
from perf.gpu_kit.robust_proof import robust_equality
from perf.limits import count_operations
from perf.networks import Balanced

PART = "Proofs"


def proofs() -> list[Piece]:
    """All of them, the shortest first."""
    works = {
        "no host synchronisation in a step": no_synchronisation,
        "launches of a call": launches,
        "the device weighs as NumPy does on hostile steps": equality,
        "the robust one does so, too": robust_equality,
        "a CUDA graph of a step equals the eager one": graphed_step,
        "manual and automatic agree in mixed precision": mixed_parity,
        "DDP on one device changes nothing": one_rank,
    }
    return [Piece(PART, name, work) for name, work in works.items()]


class Strict(Callback):
    """Let a synchronisation be an error from the second batch on."""

    @override
    def on_train_batch_start(self, trainer: Any, pl_module: Any, batch: Any, batch_idx: int) -> None:
        torch.cuda.set_sync_debug_mode("error" if batch_idx > 0 else "default")

    @override
    def on_train_batch_end(self, *_: Any) -> None:
        torch.cuda.set_sync_debug_mode("default")


def fitted(
    setting: Setting, method: Any, optimization: Any = "manual", *callbacks: Callback, **options: Any
) -> Tensor:
    """Train a small network and return its parameters in one vector on the host."""
    torch.manual_seed(0)
    module = Balanced(16, 4)
    rows = torch.randn(20, 32, 16, generator=torch.Generator().manual_seed(0))
    trainer = Trainer(
        accelerator="gpu" if setting.device == "cuda" else "cpu",
        devices=1,
        max_epochs=1,
        callbacks=[MultiTaskCallback(method, optimization), *callbacks],
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        **options,
    )
    trainer.fit(module, DataLoader(TensorDataset(rows), batch_size=None))
    return torch.cat([parameter.detach().flatten().cpu() for parameter in module.parameters()])


def no_synchronisation(setting: Setting) -> Outcome:
    """Train with synchronisation being an error."""
    if setting.device != "cuda":
        return NOT_HERE
    for make in (GO4Align, RobustGO4Align):
        for optimization in ("manual", "automatic"):
            fitted(setting, make(), optimization, Strict())
    return Outcome("none in 80 steps of GO4Align and the robust variant, manual and automatic")


def launches(setting: Setting) -> Outcome:
    """Count the launches of a call by the profiler; elsewhere the operations that it takes without Triton."""
    if setting.device != "cuda":
        found = count_operations(GO4Align(5), 11)
        return NOT_HERE._replace(says=f"{NOT_HERE.says}; {found} operations without Triton", ok=found <= 40)
    counts = {}
    alone = RobustGO4Align(clustering=ungrouped)
    for name, method in {"GO4Align": GO4Align(5), "robust": RobustGO4Align(), "alone": alone}.items():
        losses = torch.rand(11, device="cuda").exp()
        method(losses)
        torch.cuda.synchronize()
        with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as found:
            method(losses)
            torch.cuda.synchronize()
        events = found.events() or []
        counts[name] = sum("launch" in event.name.lower() and "kernel" in event.name.lower() for event in events)
    return Outcome(f"{counts}", ok=max(counts.values()) <= 15, numbers=counts)


def equality(setting: Setting) -> Outcome:
    """Compare with NumPy's way, step by step: the same weights, or others that are as good by Eq. 3, a near-tie."""
    number, differing, total = 30 if setting.rehearse else 1000, 0, 0
    reductions: tuple[Reduction, ...] = ("sum", "mean")
    for num_tasks, num_groups in ((2, 2), (3, 2), (11, 5), (40, 5), (64, 3)):
        for reduction in reductions:
            differing += _differing(setting.device, num_tasks, num_groups, number, reduction)
            total += number
    says = f"{differing} of {total} steps have other weights than to 1e-9 that are worse by Eq. 3"
    return Outcome(says, ok=differing == 0, numbers={"differing": differing, "steps": total})


def _differing(device: str, num_tasks: int, num_groups: int, number: int, reduction: Reduction) -> int:
    method, differing = GO4Align(num_groups, 1e-6, reduction), 0
    state = torch.zeros(num_tasks, dtype=torch.float64)
    own_state = state.clone()
    for losses in hostile(number, num_tasks, seed=num_tasks):
        points, *_, weights = weigh_by_numpy(losses.numpy(), state.numpy(), num_groups, 1e-6, reduction)
        expected = torch.from_numpy(weights)
        if device == "cuda":
            method(losses.to(device))
            assert method.task_weights is not None
            found = method.task_weights.cpu()
        else:
            *_, found = weigh_by_torch(losses, own_state, num_groups, 1e-6, reduction)
        if not torch.allclose(found, expected, rtol=1e-9, atol=0):
            differing += not _cost(points, found) <= _cost(points, expected) + 1e-14
    return differing


def _cost(points: Any, weights: Tensor) -> float:
    """The sum of squares of Eq. 3, with the largest point as the unit."""
    known = torch.from_numpy(points).nan_to_num(0, 0, 0)
    return float(((known - weights) / known.max().clamp(min=1e-300)).square().sum())


def graphed_step(setting: Setting) -> Outcome:
    """Capture a call with its backward pass, and replay it over other losses."""
    if setting.device != "cuda":
        return NOT_HERE
    for make in (lambda: GO4Align(5, 0.01), RobustGO4Align):
        captured, eager = make(), make()
        losses = torch.ones(11, device="cuda", requires_grad=True)
        side = torch.cuda.Stream()
        with torch.cuda.stream(side):
            torch.autograd.backward(captured(losses))
        torch.cuda.synchronize()
        eager(losses.detach())
        graph = torch.cuda.CUDAGraph()
        losses.grad = None
        with torch.cuda.graph(graph):
            torch.autograd.backward(captured(losses))
        for seed in range(20):
            values = torch.rand(11, generator=torch.Generator().manual_seed(seed)).exp().cuda()
            losses.detach().copy_(values)
            graph.replay()
            eager(values)
            assert eager.task_weights is not None
            torch.testing.assert_close(losses.grad, eager.task_weights.float(), rtol=0, atol=0)
    return Outcome("20 replays of each give the eager weights to the bit")


def mixed_parity(setting: Setting) -> Outcome:
    """Train with both optimizations in half precision."""
    precision = "16-mixed" if setting.device == "cuda" else "bf16-mixed"
    manual, automatic = (fitted(setting, GO4Align(2), mode, precision=precision) for mode in ("manual", "automatic"))
    return Outcome(f"{precision}: equal is {torch.equal(manual, automatic)}", ok=torch.equal(manual, automatic))


def one_rank(setting: Setting) -> Outcome:
    """Train by DDP with one rank: nccl on a device, gloo elsewhere."""
    alone, ranked = (
        fitted(setting, GO4Align(2)),
        fitted(setting, GO4Align(2), strategy="ddp", use_distributed_sampler=False),
    )
    backend = torch.distributed.get_backend()
    torch.distributed.destroy_process_group()
    return Outcome(f"{backend}: equal is {torch.equal(alone, ranked)}", ok=torch.equal(alone, ranked))
