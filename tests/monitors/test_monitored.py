"""What can be monitored is, by each of Lightning's callbacks and schedulers that does."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.callbacks import EarlyStopping, ModelCheckpoint

from lightning_go4align.monitors import DeltaMMonitor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


@pytest.mark.parametrize("key", ["loss/task_0", "weight/task_0", "objective", "val/delta_m", "val/delta/task_0"])
def test_early_stopping_checkpoints_and_plateaus_can_monitor_it(
    key: str, fit: Callable[..., Trainer], toy: LightningModule, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def configure_optimizers() -> Any:
        optimizer = torch.optim.SGD(toy.parameters(), lr=1e-2)
        # Nothing is 1e9 better: each look but the first divides the learning rate by ten.
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(
            optimizer, "max", threshold=1e9, threshold_mode="abs", patience=0
        )
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": plateau, "monitor": key}}

    monkeypatch.setattr(toy, "configure_optimizers", configure_optimizers)
    best = ModelCheckpoint(tmp_path, monitor=key)
    stop = EarlyStopping(key, min_delta=1e9, patience=1, mode="max")
    trainer = fit(DeltaMMonitor({f"val/task_{i}": 1.0 for i in range(4)}), best, stop, max_epochs=5)
    assert trainer.current_epoch == 2
    assert best.best_model_score == stop.best_score.minimum(trainer.callback_metrics[key])
    assert trainer.optimizers[0].param_groups[0]["lr"] == pytest.approx(1e-3)
