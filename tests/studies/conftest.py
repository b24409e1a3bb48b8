import csv
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.study import Study

CONFIGS = Path(__file__).parents[2] / "configs"


@pytest.fixture(scope="session")
def make_study(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """Write a study of the synthetic problem, small enough to run."""

    def make(place: Path | None = None, **entries: Any) -> Path:
        synthetic = CONFIGS / "synthetic"
        content = {
            "benchmark": [str(synthetic / "base.yaml")],
            "methods": {"LS": {"configs": [str(synthetic / "ls.yaml")]}},
            "columns": ["test/delta_m", "test/worst"],
            "overrides": {"trainer.max_epochs": 2, "data.init_args.num_train": 64},
        }
        file = (place or tmp_path_factory.mktemp("study")) / "study.yaml"
        file.write_text(yaml.safe_dump({**content, **entries}))
        return file

    return make


@pytest.fixture
def study(make_study: Callable[..., Path]) -> Callable[..., Study]:
    return lambda *args, **entries: read_study(make_study(*args, **entries))


def finish(run: Run, metrics: Sequence[Mapping[str, float]]) -> None:
    """Leave what a finished run leaves."""
    logs = run.folder / "logs" / "version_0"
    logs.mkdir(parents=True)
    with (logs / "metrics.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, sorted({name for row in metrics for name in row}))
        writer.writeheader()
        writer.writerows(metrics)
    (run.folder / "finished.json").write_text(json.dumps({"run": run.title, "seconds": 30.0}))


@pytest.fixture(name="finish")
def _finish() -> Callable[[Run, Sequence[Mapping[str, float]]], None]:
    return finish
