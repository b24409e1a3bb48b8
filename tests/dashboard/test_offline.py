"""What a run hands to W&B, read back from the disk and from a stand-in server."""

import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch
from dashboard.read_back import ended, find, records_of
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.monitors import DeltaMMonitor, GroupDynamicsMonitor

if TYPE_CHECKING:
    from dashboard.stand_in import Server

pytest.importorskip("wandb")
pytestmark = [
    pytest.mark.wandb,
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]

TASKS = ["depth", "normal", "edges"]
STEPS = [4, 9, 14, 19]  # 20 steps, logged every 5
PICTURES = {"pictures/assignment", "pictures/co_assignment", "pictures/weights"}


class Toy(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.body, self.heads = torch.nn.Linear(3, 8), torch.nn.Linear(8, len(TASKS))

    def losses(self, batch: Tensor) -> dict[str, Tensor]:
        errors = self.heads(self.body(batch).relu()) - batch.sum(1, keepdim=True)
        return dict(zip(TASKS, errors.square().mean(0), strict=True))

    def training_step(self, batch: Tensor) -> dict[str, Tensor]:
        return self.losses(batch)

    def validation_step(self, batch: Tensor) -> None:
        self.log_dict({f"val/{task}": loss for task, loss in self.losses(batch).items()})

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-2)

    def train_dataloader(self) -> Any:
        data = torch.randn(40, 3, generator=torch.Generator().manual_seed(0))
        return torch.utils.data.DataLoader(data, batch_size=4)  # type: ignore[arg-type]  # A tensor is a map of its rows.

    val_dataloader = train_dataloader


@pytest.fixture(scope="module")
def run(alone: Path) -> Path:
    """Folder of an offline run of two epochs."""
    torch.manual_seed(0)
    logger = WandbLogger(project="qm9", save_dir=alone, offline=True, id="toy")
    trainer = Trainer(
        callbacks=[
            MultiTaskCallback(GO4Align(num_groups=2, beta=0.01)),
            GroupDynamicsMonitor(num_pictures=1),
            DeltaMMonitor({f"val/{task}": 1.0 for task in TASKS}),
        ],
        logger=logger,
        max_epochs=2,
        log_every_n_steps=5,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Toy())
    return ended(logger)


@pytest.fixture(scope="module")
def records(run: Path) -> dict[str, list[Any]]:
    """What W&B's own reader finds on the disk: names of records to their contents."""
    return records_of(run)


def keys_at(records: dict[str, list[Any]], step: int) -> set[str]:
    """Keys of all rows of a training step, without W&B's own and the parts of media."""
    rows = [row["item"] for row in records["history"] if row["item"]["trainer/global_step"] == step]
    return {key.partition(".")[0] for row in rows for key in row if not key.startswith(("_", "trainer/"))}


PER_TASK = {f"{key}/{task}" for key in ("loss", "weight", "scaled_loss", "indicator", "group") for task in TASKS}
PER_GROUP = {f"{key}/{rank}" for key in ("group_weight", "group_size") for rank in (0, 1)}
MEANS = {"objective", "epoch", "groups/stability", "groups/moves", "groups/occupied"}
SCORES = {f"val/{task}" for task in TASKS} | {f"val/delta/{task}" for task in TASKS}
SCORES |= {"val/delta_m", "val/convergence_difference", "epoch"}


def test_every_logging_step_has_every_key(records: dict[str, list[Any]]) -> None:
    assert keys_at(records, 4) == PER_TASK | PER_GROUP | MEANS
    assert keys_at(records, 9) == PER_TASK | PER_GROUP | MEANS | SCORES
    assert {row["item"]["trainer/global_step"] for row in records["history"]} == set(STEPS)


def test_pictures_and_the_page_come_at_the_end(records: dict[str, list[Any]], run: Path) -> None:
    assert keys_at(records, 19) >= PICTURES | {"report"}
    media = [file["path"] for files in records["files"] for file in files["files"] if "media" in file["path"]]
    assert {Path(path).suffix for path in media} == {".html", ".png", ".json"}
    assert sorted(Path(path).suffix for path in media if ".table" not in path) == [".html", ".png", ".png", ".png"]
    assert all((run / "files" / path).stat().st_size > 1000 for path in media if ".table" not in path)


def test_a_table_has_a_row_for_each_task_and_a_chart_draws_a_bar_for_each(
    records: dict[str, list[Any]], run: Path
) -> None:
    (file,) = (run / "files" / "media" / "table").glob("tasks_*.table.json")
    table = json.loads(file.read_text())
    assert table["columns"][:3] == ["task", "mean weight", "recent share"]
    assert sorted(row[0] for row in table["data"]) == sorted(TASKS)
    weights = {row["item"]["weight/depth"] for row in records["history"] if "weight/depth" in row["item"]}
    mean = {row[0]: row[1] for row in table["data"]}["depth"]
    assert min(weights) < mean < max(weights)  # a mean over all steps; the loggers have every fifth
    chart = next(entry["update"] for entry in records["config"] if "visualize" in json.dumps(entry["update"]))
    assert {"label": "task", "value": "mean weight"} in find(chart, "fieldSettings")


def test_the_best_delta_m_is_in_the_summary_and_the_method_in_the_config(records: dict[str, list[Any]]) -> None:
    scores = [row["item"]["val/delta_m"] for row in records["history"] if "val/delta_m" in row["item"]]
    found = [entry["update"]["val/delta_m"] for entry in records["summary"] if "val/delta_m" in entry["update"]]
    assert found[-1] == {"last": scores[-1], "min": min(scores)}
    told = [entry["update"]["multi_task"] for entry in records["config"] if "multi_task" in entry["update"]][-1]
    assert told["method"]["num_groups"] == 2
    assert told["method"]["class"] == "lightning_go4align.GO4Align"
    assert told["tasks"] == TASKS


def test_the_page_is_handed_over_as_it_is(records: dict[str, list[Any]], run: Path) -> None:
    (page,) = (run / "files" / "media" / "html").iterdir()
    assert page.read_bytes() == (run.parents[1] / "qm9" / "toy" / "group_dynamics.html").read_bytes()


def test_sync_delivers_all_rows_and_media(records: dict[str, list[Any]], run: Path, server: "Server") -> None:
    subprocess.run([sys.executable, "-m", "wandb", "sync", str(run)], capture_output=True, timeout=120, check=True)
    assert not server.unknown
    assert len(server.rows) == len(records["history"])
    assert {row["trainer/global_step"] for row in server.rows} == set(STEPS)
    sent = [Path(path).suffix for path in server.uploads if path.startswith("media") and ".table" not in path]
    assert sorted(sent) == [".html", ".png", ".png", ".png"]
