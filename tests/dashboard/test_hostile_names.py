"""Whatever tasks and projects are called: W&B gets the names as they are, or the command refuses them at once."""

import json
from pathlib import Path

import pytest
import torch
from dashboard.read_back import ended, records_of
from hostile_names import HIDDEN, SHOWN, parameters
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.loggers import WandbLogger
from torch import Tensor

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.dashboard import dashboard
from lightning_go4align.monitors import GroupDynamicsMonitor

wandb = pytest.importorskip("wandb")
pytestmark = pytest.mark.wandb
TASKS = [*SHOWN.values(), HIDDEN["a line break"], HIDDEN["turned around"]]


def is_project(name: str) -> bool:
    """What W&B itself says when a run begins."""
    try:
        wandb.Settings(project=name)
    except (wandb.errors.UsageError, ValueError):
        return False
    return True


@pytest.mark.parametrize(
    "name", [*parameters(HIDDEN), *(one for one in parameters(SHOWN) if not is_project(str(one.values[0])))]
)
def test_a_project_that_w_and_b_would_refuse_or_nobody_could_read_is_refused_at_once(name: str) -> None:
    with pytest.raises(ValueError, match=r"must be ENTITY/PROJECT") as refused:
        dashboard(f"my-team/{name}", dry_run=True)
    assert len(str(refused.value)) < 500


@pytest.mark.parametrize("name", [one for one in parameters(SHOWN) if is_project(str(one.values[0]))])
def test_any_other_project_is_taken(name: str) -> None:
    assert dashboard(f"my-team/{name}", dry_run=True).startswith("{")


@pytest.mark.parametrize("name", [one for one in parameters(SHOWN, HIDDEN) if one.values[0] not in ("ls", "-x")])
def test_an_entity_of_other_letters_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="An entity has letters, digits"):
        dashboard(f"{name}/qm9", dry_run=True)


class Named(LightningModule):
    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.Linear(4, len(TASKS))

    def training_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        return dict(zip(TASKS, self.layer(batch).square().mean(0) + 0.1, strict=True))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


@pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers")
@pytest.mark.filterwarnings("ignore:No installed font has the letters")  # depends on what is installed here
def test_names_of_tasks_arrive_as_they_are(alone: Path) -> None:
    logger = WandbLogger(project="qm9", save_dir=alone, offline=True, id="hostile")
    trainer = Trainer(
        callbacks=[MultiTaskCallback(GO4Align(num_groups=2)), GroupDynamicsMonitor(num_pictures=1)],
        logger=logger,
        max_epochs=1,
        log_every_n_steps=1,
        accelerator="cpu",
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(Named(), torch.utils.data.DataLoader(torch.rand(4, 4), batch_size=2))  # type: ignore[arg-type]  # A tensor is a map of its rows.
    folder = ended(logger)
    rows = records_of(folder)["history"]
    keys = {key for row in rows for key in row["item"]}
    assert {f"loss/{task}" for task in TASKS} <= keys
    (file,) = (folder / "files" / "media" / "table").glob("tasks_*.table.json")
    assert {row[0] for row in json.loads(file.read_text())["data"]} == set(TASKS)
    others = [one for one in file.parent.rglob("*.json") if one != file]
    # as many bars as there is room for in W&B's own panel
    assert [len(json.loads(one.read_text())["data"]) for one in others] == [20, 20]
