"""What the module logs under our names, and what we do, are both kept."""

import csv
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch.loggers import CSVLogger
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

KEYS = ("loss/a", "weight/b", "objective")


class Logs(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log_dict(dict.fromkeys(KEYS, 7.0), on_step=True)
        return self.losses(batch)


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_key_of_the_module_and_ours_stand_side_by_side(optimization: Any, tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    callback = MultiTaskCallback(GO4Align(2), optimization)
    trainer = quiet_trainer(callbacks=callback, logger=logger, log_every_n_steps=1, max_epochs=1)
    with pytest.warns(UserWarning, match=r"The module logs \[.*'loss/a'.*\] itself"):
        trainer.fit(Logs(), loader())
    rows = list(csv.DictReader((Path(logger.log_dir) / "metrics.csv").read_text().splitlines()))
    for key in KEYS:
        assert {row[key] for row in rows if row[key]} == {"7.0"}
        ours = [float(row[f"go4align/{key}"]) for row in rows if row.get(f"go4align/{key}")]
        assert len(ours) == 5
        assert 7.0 not in ours
