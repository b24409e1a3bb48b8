"""A run that is stopped and resumed ends with the bits of one that is not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from isolation import child_environment
from lightning.fabric.utilities.exceptions import MisconfigurationException
from resumable import METHODS, BalancedPiece, run
from torchjd.aggregation import MGDA
from torchjd.scalarization import DWA, FAMO, UW
from toy import Toy, loader, quiet_trainer, weights_of

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.clustering import FixedGroups, RandomGroups
from lightning_go4align.methods import (
    SI,
    FixedWeights,
    GroupedAggregator,
    GroupedScalarizer,
    SingleTask,
    Smoothness,
    WindowedDWA,
    WithLearningRate,
)
from lightning_go4align.update.given_method import Optimization

pytestmark = [
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem"),  # Both are Nash-MTL's.
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]

END, MIDDLE = "epoch=1-step=10.ckpt", "epoch=1-step=8.ckpt"


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_every_method_resumes_to_the_bit_mid_epoch_and_at_an_epochs_end(method: Any, tmp_path: Path) -> None:
    whole = run(method(), tmp_path / "whole")
    state = torch.load(tmp_path / "whole" / MIDDLE, weights_only=True)["callbacks"]["MultiTaskCallback"]
    assert state["tasks"] == ["a", "b", "c"]
    for checkpoint in (MIDDLE, END):
        assert run(method(), tmp_path / checkpoint[:-5], resume=tmp_path / "whole" / checkpoint) == whole


@pytest.mark.parametrize(("first", "second"), [("manual", "automatic"), ("automatic", "manual")])
def test_either_optimization_resumes_the_other(first: Optimization, second: Optimization, tmp_path: Path) -> None:
    whole = run(GO4Align(2, 1e-2), tmp_path / "whole", first)
    resumed = run(GO4Align(2, 1e-2), tmp_path / "resumed", second, resume=tmp_path / "whole" / MIDDLE)
    assert resumed == whole


def test_a_module_resumes_what_a_callback_began(tmp_path: Path) -> None:
    whole = run(GO4Align(2, 1e-2), tmp_path / "whole")
    module = BalancedPiece(GO4Align(2, 1e-2))
    resumed = run(None, tmp_path / "resumed", resume=tmp_path / "whole" / MIDDLE, module=module)
    assert resumed == whole


def test_a_run_killed_at_any_moment_resumes_to_the_bit(tmp_path: Path) -> None:
    whole = run(FAMO(3), tmp_path / "whole")
    killed = tmp_path / "killed"
    script = Path(__file__).with_name("resumable.py")
    process = subprocess.run(
        [sys.executable, script, killed],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env=child_environment(),
    )
    assert process.returncode == -signal.SIGKILL, process.stderr
    last = max(killed.glob("*.ckpt"), key=os.path.getmtime)
    resumed = run(FAMO(3), tmp_path / "resumed", resume=last)
    assert resumed == whole


def saved(tmp_path: Path, method: Any, module: Toy | None = None) -> str:
    trainer = quiet_trainer(callbacks=[] if method is None else MultiTaskCallback(method), max_epochs=1)
    trainer.fit(module or Toy(), loader())
    trainer.save_checkpoint(tmp_path / "saved.ckpt")
    return str(tmp_path / "saved.ckpt")


class Plain(Toy):
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return sum(self.losses(batch).values())


def test_a_checkpoint_loads_strictly_into_the_module_without_the_plugin(tmp_path: Path) -> None:
    path = saved(tmp_path, GO4Align())
    plain = Plain.load_from_checkpoint(path, strict=True)
    trainer = quiet_trainer(max_epochs=2)
    with pytest.warns(UserWarning, match="MultiTaskCallback"):  # Lightning names the callback that is missing.
        trainer.fit(plain, loader(), ckpt_path=path)
    assert trainer.global_step == 10


def test_a_checkpoint_from_before_the_plugin_loads_strictly_with_it(tmp_path: Path) -> None:
    path = saved(tmp_path, None, Plain())
    callback = MultiTaskCallback(GO4Align())
    trainer = quiet_trainer(callbacks=callback, max_epochs=2)
    trainer.fit(Toy.load_from_checkpoint(path, strict=True), loader(), ckpt_path=path)
    assert (trainer.global_step, callback.tasks) == (10, ["a", "b", "c"])


def resume(path: str, method: Any, step: Callable[[Toy, Any], Any] = Toy.losses) -> MultiTaskCallback:
    module, callback = Toy(), MultiTaskCallback(method)
    module.training_step = lambda batch, batch_idx: step(module, batch)  # type: ignore[method-assign]  # As a user does in a notebook.
    quiet_trainer(callbacks=callback).fit(module, loader(), ckpt_path=path)
    return callback


OTHERS = {
    "another number of groups": lambda: GO4Align(3),
    "another clustering": lambda: GO4Align(2, clustering=FixedGroups([0, 0, 1])),
    "DWA": DWA,
}


@pytest.mark.parametrize("method", OTHERS.values(), ids=OTHERS)
def test_another_method_than_the_checkpoints_is_refused(method: Any, tmp_path: Path) -> None:
    path = saved(tmp_path, GO4Align(2))
    with pytest.raises(MisconfigurationException, match=r"trained with GO4Align\(num_groups=2.*Resume with the same"):
        resume(path, method())


@pytest.mark.parametrize(
    ("method", "other"),
    [
        (lambda: Smoothness(1e-4), lambda: Smoothness(1.0)),
        (lambda: FixedWeights([1, 1, 1]), lambda: FixedWeights([5, 0, 1])),
        (lambda: SingleTask("a"), lambda: SingleTask("b")),
        (lambda: WindowedDWA(2), lambda: WindowedDWA(6)),
        (lambda: WithLearningRate(UW(3), 0.1), lambda: WithLearningRate(UW(3), 0.2)),
        (lambda: GroupedScalarizer(SI()), lambda: GroupedScalarizer(SI(), clustering=RandomGroups())),
        (lambda: GroupedAggregator(MGDA()), lambda: GroupedAggregator(MGDA(), clustering=RandomGroups())),
    ],
    ids=["Smoothness", "FixedWeights", "SingleTask", "WindowedDWA", "WithLearningRate", "scalarizer", "aggregator"],
)
def test_other_arguments_than_the_checkpoints_are_refused(method: Any, other: Any, tmp_path: Path) -> None:
    path = saved(tmp_path, method())
    with pytest.raises(MisconfigurationException, match="Resume with the same"):
        resume(path, other())


def test_a_renamed_task_is_refused_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, GO4Align())
    renamed = {"a": "depth", "b": "b", "c": "c"}
    with pytest.raises(ValueError, match=r"\['depth'\], not among .* of the checkpoint, \['a', 'b', 'c'\]"):
        resume(path, GO4Align(), lambda module, batch: {renamed[task]: x for task, x in module.losses(batch).items()})


def test_reordered_tasks_keep_their_state_by_name(tmp_path: Path) -> None:
    path = saved(tmp_path, GO4Align(2, 1e-2))
    turned = resume(path, GO4Align(2, 1e-2), lambda module, batch: dict(reversed(module.losses(batch).items())))
    straight = resume(path, GO4Align(2, 1e-2))
    assert turned.tasks == ["a", "b", "c"]
    assert torch.equal(weights_of(turned), weights_of(straight))


def test_a_checkpoint_can_be_saved_before_any_step(tmp_path: Path) -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(UW(3)))
    trainer.validate(Toy(), loader(), verbose=False)
    trainer.save_checkpoint(tmp_path / "untrained.ckpt")
    callback = resume(str(tmp_path / "untrained.ckpt"), UW(3))
    assert callback.tasks == ["a", "b", "c"]
