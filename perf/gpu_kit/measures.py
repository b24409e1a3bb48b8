"""What a step costs with GO4Align beside a plain sum, at the real sizes."""

import statistics
from functools import partial
from typing import Any, get_args

import torch
from lightning.pytorch import Trainer
from torch import Tensor
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.qm9 import QM9DataModule, QM9Module, WarmupCosine
from lightning_go4align.methods import GO4Align
from perf.clocks import StepMonitor
from perf.gpu_kit.pieces import Outcome, Piece, Setting
from perf.step_ratio import Benchmark, StepRatio

PART = "Step ratio, GO4Align / plain sum"


def measures() -> list[Piece]:
    """QM9, then the benchmarks of the paper's Table 6."""
    others = [Piece(PART, name, partial(_of_table_6, name), 60.0) for name in get_args(Benchmark)]
    return [Piece(PART, "qm9", _of_qm9, 60.0), *others]


def _of_table_6(benchmark: Benchmark, setting: Setting) -> Outcome:
    ratio = StepRatio(benchmark)
    if setting.rehearse:
        whole, samples = ratio.workload.batch, 128 if benchmark == "celeba" else 2
        ratio.workload = ratio.workload._replace(
            batch=lambda: {name: _part(v, samples) for name, v in whole().items()}
        )
    found = ratio.seconds(("LS", "GO4Align"), *((1, 1) if setting.rehearse else (7, 5)))
    own, plain = statistics.median(found["GO4Align"]), statistics.median(found["LS"])
    ratios = statistics.median(a / b for a, b in zip(found["GO4Align"], found["LS"], strict=True))
    paper, steps = ratio.workload.table_6, ratio.workload.num_steps
    says = (
        f"{ratios:.4f} (paper {paper['GO4Align'] / paper['LS']:.4f}); {own * steps:.1f} s an epoch "
        f"beside {plain * steps:.1f} (paper {paper['GO4Align']} and {paper['LS']})"
    )
    return Outcome(says, numbers=found)


def _part(values: Tensor, samples: int) -> Tensor:
    return values[:samples, ..., :64, :96] if values.ndim > 2 else values[:samples]


def _of_qm9(setting: Setting) -> Outcome:
    steps, size = (3, 8) if setting.rehearse else (60, 120)
    times: dict[str, list[float]] = {"GO4Align": [], "LS": []}
    for _ in range(1 if setting.rehearse else 5):
        for name, method in {"GO4Align": GO4Align(5), "LS": Sum()}.items():
            times[name] += _qm9_seconds(method, steps, size)
    own, plain = (statistics.median(values) for values in times.values())
    epoch = 110_831 // 120 + 1
    says = f"{own / plain:.4f}; {own * epoch:.1f} s an epoch beside {plain * epoch:.1f}"
    return Outcome(says, numbers={"GO4Align": own, "LS": plain})


def _qm9_seconds(method: Any, steps: int, size: int) -> list[float]:
    torch.manual_seed(0)
    data = QM9DataModule(num_train=size * (steps + 2), num_val=1, num_test=1, batch_size=size)
    monitor = StepMonitor()
    trainer = Trainer(
        max_steps=steps + 2, callbacks=monitor, accelerator="auto", devices=1, barebones=True, limit_val_batches=0
    )
    trainer.fit(QM9Module(method, schedule=WarmupCosine()), datamodule=data)
    return monitor.seconds[1:]
