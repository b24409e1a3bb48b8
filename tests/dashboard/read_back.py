"""What an offline run has left on the disk, as W&B's own reader finds it."""

import json
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from typing import Any

from lightning.pytorch.loggers import WandbLogger


def ended(logger: WandbLogger) -> Path:
    """End a run, and return its folder."""
    import wandb

    folder = Path(logger.experiment.dir).parent
    wandb.finish()
    wandb.teardown()  # only then is the last record on the disk
    return folder


def records_of(folder: Path) -> dict[str, list[Any]]:
    """Names of records to their contents."""
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(folder)]
    lines = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout.splitlines()
    found = defaultdict(list)
    for record in (json.loads(line) for line in lines if line.startswith("{")):
        found[record["type"]].append(record[record["type"]])
    return found


def find(tree: Any, name: str) -> list[Any]:
    """All values below a key, at any depth."""
    if isinstance(tree, list):
        return [value for part in tree for value in find(part, name)]
    if not isinstance(tree, dict):
        return []
    return [value for key, part in tree.items() for value in ([part] if key == name else find(part, name))]
