"""The published protocol of QM9, method by method, each run going on from its last checkpoint."""

import csv
import subprocess
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import torch

from perf.gpu_kit.pieces import Outcome, Piece, Setting

PART = "QM9, the published protocol: 300 epochs, one seed"
METHODS = ("ls", "si", "uw", "famo", "go4align", "go4align_robust")
SMALL = (
    "--config=configs/qm9/quick.yaml",
    "--trainer.max_epochs=1",
    "--data.init_args.num_train=64",
    "--data.init_args.num_val=16",
    "--data.init_args.num_test=16",
)


def protocol() -> list[Piece]:
    """A piece for each method."""
    return [Piece(PART, f"QM9, {method}", partial(_run, method), 60.0) for method in METHODS]


def _run(method: str, setting: Setting) -> Outcome:
    folder = setting.folder.resolve() / "qm9" / method
    last = folder / "checkpoints" / "last.ckpt"
    command = [
        *(sys.executable, "-m", "lightning_go4align", "fit", "--config=configs/qm9/base.yaml"),
        f"--config=configs/qm9/{method}.yaml",
        *(SMALL if setting.rehearse else ()),
        f"--trainer.max_time={_as_time(max(setting.seconds_left - 20, 30))}",
        f"--trainer.logger.init_args.save_dir={folder}",
        "--trainer.callbacks+=lightning.pytorch.callbacks.ModelCheckpoint",
        f"--trainer.callbacks.dirpath={last.parent}",
        "--trainer.callbacks.save_last=true",
        *((f"--ckpt_path={last}",) if last.exists() else ()),
    ]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        return Outcome(done.stderr[-400:], ok=False, done=False)
    epochs = int(torch.load(last, map_location="cpu", weights_only=True)["epoch"]) + 1
    most = 1 if setting.rehearse else 300
    says = f"test/delta_m {_delta_m(folder):.2f} % after {epochs} of {most} epochs"
    return Outcome(says, done=epochs >= most, numbers={"epochs": epochs, "delta_m": _delta_m(folder)})


def _as_time(seconds: float) -> str:
    whole = timedelta(seconds=int(seconds))
    return (
        f"{whole.days:02d}:{int(whole.seconds // 3600):02d}:{whole.seconds // 60 % 60:02d}:{whole.seconds % 60:02d}"
    )


def _delta_m(folder: Path) -> float:
    newest = max(folder.rglob("metrics.csv"), key=lambda file: file.stat().st_mtime)
    with newest.open() as file:
        found = [row["test/delta_m"] for row in csv.DictReader(file) if row.get("test/delta_m")]
    return float(found[-1]) if found else float("nan")
