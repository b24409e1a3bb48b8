"""Every method of ``configs/qm9`` trains a problem of eleven tasks, through both doors, and resumes."""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from methods.eleven_tasks import METHODS, BalancedElevenTasks, ElevenTasks, batches, build, parameters
from torch import Tensor

from lightning_go4align import MultiTaskCallback

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]


class SavesSecondEpoch(pl.Callback):
    def __init__(self, path: Path) -> None:
        self.path = path

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        if trainer.current_epoch == 1:
            trainer.save_checkpoint(self.path)


def train(module: pl.LightningModule, *callbacks: pl.Callback, resume: Path | None = None) -> Tensor:
    """The parameters after three epochs."""
    trainer = pl.Trainer(accelerator="cpu", max_epochs=3, barebones=True, callbacks=list(callbacks))
    trainer.fit(module, torch.utils.data.DataLoader(batches(3), batch_size=None), ckpt_path=resume, weights_only=True)  # type: ignore[arg-type]  # A tensor is a map of its rows.
    return parameters(module)


def losses(module: ElevenTasks) -> Tensor:
    with torch.no_grad():
        return torch.stack(list(ElevenTasks.training_step(module, batches(1)[0], 0).values()))


SLOW = ("nash_mtl", "nash_mtl_agrm")  # TorchJD solves up to 20 problems a step, a tenth of a second each.
NAMES = [pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else []) for name in METHODS]


@pytest.fixture(scope="module", params=NAMES)
def method(request: pytest.FixtureRequest) -> Any:
    return METHODS[request.param]


@pytest.fixture(scope="module")
def checkpoint(method: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("run") / "second epoch.ckpt"


@pytest.fixture(scope="module")
def trained(method: dict[str, Any], checkpoint: Path) -> tuple[ElevenTasks, Tensor]:
    """The module after training under manual optimization, and its losses before."""
    torch.manual_seed(0)
    module = ElevenTasks()
    before = losses(module)
    train(module, MultiTaskCallback(build(method)), SavesSecondEpoch(checkpoint))
    return module, before


def test_method_trains(method: dict[str, Any], trained: tuple[ElevenTasks, Tensor]) -> None:
    module, before = trained
    of_all = slice(0, 1) if "SingleTask" in str(method) else slice(None)
    assert losses(module)[of_all].log().mean() < before[of_all].log().mean()


def test_automatic_optimization_gives_the_same_bits(
    method: dict[str, Any], trained: tuple[ElevenTasks, Tensor]
) -> None:
    torch.manual_seed(0)
    assert torch.equal(train(ElevenTasks(), MultiTaskCallback(build(method), "automatic")), parameters(trained[0]))


def test_a_module_gives_the_same_bits_as_a_callback(
    method: dict[str, Any], trained: tuple[ElevenTasks, Tensor]
) -> None:
    torch.manual_seed(0)
    assert torch.equal(train(BalancedElevenTasks(build(method))), parameters(trained[0]))


def test_a_resumed_run_gives_the_same_bits_as_one_without_a_stop(
    method: dict[str, Any], trained: tuple[ElevenTasks, Tensor], checkpoint: Path
) -> None:
    torch.manual_seed(1)
    resumed = train(ElevenTasks(), MultiTaskCallback(build(method)), resume=checkpoint)
    assert torch.equal(resumed, parameters(trained[0]))
