"""The configuration with which a run is started."""

from pathlib import Path
from typing import Any

import yaml

from lightning_go4align.studies.merge import merged
from lightning_go4align.studies.plan import Run

CONFIG = "config.yaml"


def write_config(run: Run) -> Path:
    """Write a run's configuration with what the study adds: where to log, what to resume from, the cost of epochs.

    Args:
        run: The run.

    Returns:
        The file, with which alone ``go4align fit -c`` repeats the run.
    """
    trainer = run.config.get("trainer") or {}
    configured = trainer.get("callbacks") or []
    configured = configured if isinstance(configured, list) else [configured]
    callbacks = [_with_folder(callback, run.folder) for callback in configured]
    resume = {"dirpath": str(run.folder / "resume")}
    callbacks += [
        {"class_path": "lightning_go4align.studies.epoch_cost.EpochCost"},
        {"class_path": "lightning_go4align.studies.resume.ResumeCheckpoint", "init_args": resume},
    ]
    init_args = {"save_dir": str(run.folder), "name": "logs"}
    logger = {"class_path": "lightning.pytorch.loggers.CSVLogger", "init_args": init_args}
    added = {"logger": logger, "callbacks": callbacks, "enable_progress_bar": False, "enable_model_summary": False}
    file = run.folder / CONFIG
    # A logger of the benchmark goes as a whole: a `version` of its own would keep its logs from being found.
    config = merged(run.config, {"trainer": {"logger": None}}, {"trainer": added})
    file.write_text(yaml.safe_dump(config, sort_keys=False))
    return file


def _with_folder(callback: dict[str, Any] | str, folder: Path) -> dict[str, Any]:
    """Keep a checkpoint of the benchmark in the run's folder, where a resumed run finds its best one."""
    if isinstance(callback, str):
        callback = {"class_path": callback}
    if not callback["class_path"].endswith("ModelCheckpoint"):
        return callback
    return merged({"init_args": {"dirpath": str(folder / "checkpoints")}}, callback)
