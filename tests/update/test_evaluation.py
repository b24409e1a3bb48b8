"""A checkpoint is validated, tested and predicted from whatever method stands beside the model."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from torchjd.aggregation import UPGrad
from torchjd.scalarization import FAMO, UW, Sum
from toy import BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

# Lightning says so where no method stands beside the model, with which the others are compared.
pytestmark = pytest.mark.filterwarnings("ignore:Be aware that when using `ckpt_path`")

STAGES = ("validate", "test", "predict")
OTHERS = {"GO4Align": lambda: GO4Align(3), "FAMO": lambda: FAMO(3), "UW(5)": lambda: UW(5), "UPGrad": UPGrad}


class Judged(Toy):
    """A module with all stages."""

    @override
    def test_step(self, batch: Any, batch_idx: int) -> None:
        self.validation_step(batch, batch_idx)

    @override
    def predict_step(self, batch: Any, batch_idx: int) -> Any:
        return self.losses(batch)["a"]


class BalancedJudged(BalancedToy, Judged): ...


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align(2)), max_epochs=1)
    trainer.fit(Judged(), loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    return tmp_path / "one.ckpt"


def found(stage: str, module: Judged, path: Path, callbacks: list[Any]) -> Any:
    trainer = quiet_trainer(callbacks=callbacks)
    results = getattr(trainer, stage)(module, loader(), ckpt_path=path)
    return [float(loss) for loss in results] if stage == "predict" else results


@pytest.mark.parametrize("stage", STAGES)
@pytest.mark.parametrize("make", OTHERS.values(), ids=OTHERS)
def test_another_method_gives_what_no_method_gives(make: Any, stage: str, checkpoint: Path) -> None:
    callback = MultiTaskCallback(make())
    assert found(stage, Judged(), checkpoint, [callback]) == found(stage, Judged(), checkpoint, [])
    assert (callback.tasks, callback.last_step) == ([], None)


@pytest.mark.parametrize("stage", STAGES)
def test_a_module_with_a_method_of_its_own_is_judged_too(stage: str, checkpoint: Path) -> None:
    assert found(stage, BalancedJudged(Sum()), checkpoint, []) == found(stage, Judged(), checkpoint, [])


@pytest.mark.parametrize("state", [{}, {"epoch": "junk"}, []], ids=["empty", "junk", "list"])
def test_a_damaged_state_of_the_method_does_not_hinder_a_judgement(state: Any, checkpoint: Path) -> None:
    content = torch.load(checkpoint, weights_only=True)
    content["callbacks"]["MultiTaskCallback"] = state
    torch.save(content, checkpoint)
    expected = found("test", Judged(), checkpoint, [])
    assert found("test", Judged(), checkpoint, [MultiTaskCallback(GO4Align(2))]) == expected


def test_a_fit_after_the_judgement_still_refuses_the_other_method(checkpoint: Path) -> None:
    callback, module = MultiTaskCallback(FAMO(3)), Judged()
    found("validate", module, checkpoint, [callback])
    with pytest.raises(Exception, match=r"was trained with GO4Align\(.*but the method is FAMO"):
        quiet_trainer(callbacks=[callback]).fit(module, loader(), ckpt_path=checkpoint)


def test_it_is_told_that_another_methods_state_is_not_loaded(
    checkpoint: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.INFO):
        found("test", Judged(), checkpoint, [MultiTaskCallback(FAMO(3))])
    [told] = [line for line in caplog.messages if "is not loaded for this evaluation" in line]
    assert told.startswith("The state of FAMO is not")
    assert "was trained with GO4Align(" in told
