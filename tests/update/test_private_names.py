"""Without a private name of Lightning that only what is logged needs, a fit ends as ever, and tells of it once."""

import ast
from collections.abc import Iterator
from operator import attrgetter
from pathlib import Path
from types import ModuleType
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from flow import ROOM
from lightning import __version__
from lightning.fabric.utilities import logger as logging_of_lightning
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.core.mixins import hparams_mixin
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import DeltaMMonitor, GO4Align, MultiTaskCallback, MultiTaskMixin
from lightning_go4align.update import lightning_logs
from lightning_go4align.update.hyperparameters import flattened
from lightning_go4align.update.lightning_logs import LEFT_OUT, exists, private

pytest.importorskip("tensorboard")


class Logging(MultiTaskMixin, Toy):
    """Has hyperparameters, logs a ``step`` of its own and what a score is made of."""

    def __init__(self, rate: float = 0.5) -> None:
        super().__init__(GO4Align())
        self.save_hyperparameters()

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        self.log("step", 8.0 * self.global_step)
        return self.losses(batch)


def fit(folder: Path) -> pl.Trainer:
    torch.manual_seed(0)
    trainer = quiet_trainer(
        callbacks=[
            ModelCheckpoint(folder / "saved", monitor="loss/a", every_n_train_steps=2),
            DeltaMMonitor({"val/total": 1.0}),
        ],
        logger=[CSVLogger(folder), TensorBoardLogger(folder)],
        enable_checkpointing=True,
        log_every_n_steps=2,
        max_epochs=3,
    )
    trainer.fit(Logging(), loader(), loader(16))
    flattened({})  # as for MLflow
    return trainer


@pytest.fixture(autouse=True)
def untold() -> Iterator[None]:
    lightning_logs._tell_of_missing.cache_clear()
    yield
    lightning_logs._tell_of_missing.cache_clear()


def hide(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let ours miss a name that Lightning itself, whose version has it, goes on with."""
    monkeypatch.setattr(lightning_logs, "exists", lambda owner, name: name != path and exists(owner, name))


@pytest.mark.parametrize("path", sorted(set(LEFT_OUT) - {"_every_n_epochs"}))
def test_a_fit_without_a_name_ends_as_ever_and_says_once_what_is_left_out(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = {name: value.clone() for name, value in fit(tmp_path / "all").lightning_module.state_dict().items()}
    hide(path, monkeypatch)
    with pytest.warns(UserWarning, match="lacks the private name") as told:
        found = fit(tmp_path / "without").lightning_module.state_dict()
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    (text,) = [str(each.message) for each in told if "lacks the private name" in str(each.message)]
    assert f"Lightning {__version__}, or what it works with, lacks the private name `{path}`: " in text
    assert LEFT_OUT[path] in text


def test_a_trainer_without_validation_says_that_no_misspelt_monitor_is_pointed_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hide("_every_n_epochs", monkeypatch)
    checkpoint = ModelCheckpoint(tmp_path, monitor="loss/a")
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(GO4Align()), checkpoint], enable_checkpointing=True)
    with pytest.warns(UserWarning, match=f"`_every_n_epochs`: {LEFT_OUT['_every_n_epochs']}"):
        trainer.fit(Toy(), loader())


def owners(folder: Path) -> dict[str, Any]:
    """What has each name in this version of Lightning."""
    trainer, board = pl.Trainer(logger=False, enable_checkpointing=False), TensorBoardLogger(folder)
    of_modules: dict[str, ModuleType] = {
        "_flatten_dict": logging_of_lightning,
        "_given_hyperparameters": hparams_mixin,
    }
    known: list[Any] = [trainer, board, board.experiment, ModelCheckpoint(), pl.LightningModule()]
    return {path: next(each for each in known if exists(each, path)) for path in LEFT_OUT.keys() - of_modules} | (
        of_modules
    )


def test_this_version_of_lightning_has_every_name_and_each_is_missed_where_it_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert owners(tmp_path).keys() == LEFT_OUT.keys()
    for path, owner in owners(tmp_path).items():
        *before, name = path.split(".")
        last = attrgetter(".".join(before))(owner) if before else owner
        holders = [each for each in (last, *type(last).__mro__) if name in vars(each)]
        with monkeypatch.context() as patch:
            for holder in holders:
                patch.delattr(holder, name)
            with pytest.warns(UserWarning, match=f"`{path}`"):
                assert private(owner, path) is None


def test_only_names_that_the_list_has_are_read() -> None:
    """And all of them are: whoever reads another finds here that it has to say what is left out."""
    calls = [
        node
        for file in ROOM.rglob("*.py")
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
    ]
    readers = {"private": 1, "_of_checkpoint": 1, "_results": 1}
    given = [call.args[1:] for call in calls if call.func.id in readers]  # type: ignore[attr-defined]  # a Name, see above
    words = {one.value for arguments in given for one in arguments if isinstance(one, ast.Constant)}
    assert words == LEFT_OUT.keys() - {"_results"}  # which stands in a signature
