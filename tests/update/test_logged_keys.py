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


class LogsInValidation(Toy):
    @override
    def validation_step(self, batch: Any, batch_idx: int) -> None:
        self.log("loss/a", 7.0)


class LogsAtTheEnd(Toy):
    @override
    def on_train_epoch_end(self) -> None:
        self.log("loss/a", 7.0)


def series(folder: Path, trainer: Any, module: Toy) -> list[float]:
    trainer.fit(module, loader(), loader(16))
    rows = list(csv.DictReader((folder / "metrics.csv").read_text().splitlines()))
    return [float(row["loss/a"]) for row in rows if row.get("loss/a")]


def options(folder: Path) -> dict[str, Any]:
    return {"logger": CSVLogger(folder, name="", version=""), "log_every_n_steps": 1, "max_epochs": 2}


def test_what_only_the_sanity_check_has_logged_is_the_modules_from_the_first_step_on(tmp_path: Path) -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align(2)), **options(tmp_path))
    with pytest.warns(UserWarning, match=r"The module logs \['loss/a'\] itself.*from now on\.$"):
        assert series(tmp_path, trainer, LogsInValidation()) == [7.0, 7.0]


@pytest.mark.parametrize("module", [LogsInValidation(), LogsAtTheEnd()], ids=["in validation", "at the end"])
def test_values_that_were_logged_before_the_module_did_are_told_and_none_follows(module: Toy, tmp_path: Path) -> None:
    callback = MultiTaskCallback(GO4Align(2))
    trainer = quiet_trainer(callbacks=callback, num_sanity_val_steps=0, **options(tmp_path))
    with pytest.warns(UserWarning, match=r"Those of \['loss/a'\] up to now are among the module's"):
        found = series(tmp_path, trainer, module)
    assert len(found) == 5 + 2
    assert found[5:] == [7.0, 7.0]
    trainer.fit_loop.max_epochs = 3
    with pytest.warns(UserWarning, match=r"from now on\.$"):
        assert series(tmp_path, trainer, module) == [*found, 7.0]


def test_an_epoch_of_the_modules_own_is_the_loggers_epoch(tmp_path: Path) -> None:
    class Fractions(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            self.log("epoch", self.current_epoch + batch_idx / 8)
            return self.losses(batch)

    logger = CSVLogger(tmp_path)
    trainer = quiet_trainer(
        callbacks=MultiTaskCallback(GO4Align(2)), logger=logger, log_every_n_steps=1, max_epochs=1
    )
    trainer.fit(Fractions(), loader())
    rows = list(csv.DictReader((Path(logger.log_dir) / "metrics.csv").read_text().splitlines()))
    assert [float(row["epoch"]) for row in rows if row["epoch"]] == [0.0, 0.125, 0.25, 0.375, 0.5]
