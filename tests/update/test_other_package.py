"""The package ``pytorch_lightning``, which holds classes of its own, is as good as ``lightning``."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from isolation import child_environment
from rank_runs import gap, sgd
from torchjd.aggregation import UPGrad
from torchjd.scalarization import FAMO, UW, Sum
from toy import Toy, loader, quiet_trainer, rows

pytest.importorskip("pytorch_lightning")
from lightning_fabric.utilities.exceptions import MisconfigurationException
from other_package import BalancedOther, Other, batches_of, parameters, seeded, trainer

from lightning_go4align import DeltaMMonitor, GO4Align, GroupDynamicsMonitor, MultiTaskCallback

METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": GO4Align,
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "UPGrad": UPGrad,
}
EACH = pytest.mark.parametrize("make", METHODS.values(), ids=METHODS)
pytestmark = pytest.mark.filterwarnings("ignore:You defined a `validation_step` but have no `val_dataloader`")


@EACH
@pytest.mark.parametrize("mode", ["manual", "automatic"])
def test_its_trainer_trains_the_bits_of_lightnings(make: Callable[[], Any], mode: Any) -> None:
    options = {"accumulate_grad_batches": 3, "gradient_clip_val": 0.5}
    ours, theirs = seeded(lambda: Toy(sgd)), seeded()
    quiet_trainer(callbacks=MultiTaskCallback(make(), mode), **options).fit(ours, loader())
    trainer(MultiTaskCallback(make(), mode), **options).fit(theirs, loader())
    assert torch.equal(parameters(theirs), parameters(ours))


def test_its_module_can_inherit_the_method() -> None:
    with_callback, inheriting = seeded(), seeded(lambda: BalancedOther(GO4Align()))
    trainer(MultiTaskCallback(GO4Align())).fit(with_callback, loader())
    trainer().fit(inheriting, loader())
    assert torch.equal(parameters(inheriting), parameters(with_callback))


@EACH
def test_a_resumed_run_gives_the_bits_of_one_without_a_stop(make: Callable[[], Any], tmp_path: Path) -> None:
    whole, resumed = seeded(), seeded()
    trainer(MultiTaskCallback(make()), max_epochs=4).fit(whole, loader())
    first = trainer(MultiTaskCallback(make()), max_epochs=2)
    first.fit(seeded(), loader())
    first.save_checkpoint(tmp_path / "half.ckpt")
    trainer(MultiTaskCallback(make()), max_epochs=4).fit(resumed, loader(), ckpt_path=tmp_path / "half.ckpt")
    assert torch.equal(parameters(resumed), parameters(whole))


@pytest.mark.parametrize("make", [GO4Align, lambda: FAMO(3)], ids=["its method", "another method"])
def test_a_checkpoint_is_evaluated_and_predicts(make: Callable[[], Any], tmp_path: Path) -> None:
    trained, path = seeded(), tmp_path / "trained.ckpt"
    run = trainer(MultiTaskCallback(GO4Align()))
    run.fit(trained, loader())
    run.save_checkpoint(path)
    with torch.no_grad():
        total = float(sum(trained.toy.losses(rows().tensors).values()))
    evaluator = trainer(MultiTaskCallback(make()))
    one = batches_of(36)
    for evaluate in (evaluator.validate, evaluator.test):
        [found] = evaluate(seeded(), loader(), ckpt_path=path, verbose=False)
        assert found["total"] == pytest.approx(total, rel=1e-5)
    [predicted] = evaluator.predict(seeded(), one, ckpt_path=path)
    assert torch.equal(predicted, trained.predict_step(next(iter(one)), 0))


def test_monitors_watch_it(tmp_path: Path) -> None:
    monitors = GroupDynamicsMonitor(num_pictures=0), DeltaMMonitor({"total": 1.0})
    run = trainer(MultiTaskCallback(GO4Align()), *monitors, default_root_dir=tmp_path)
    run.fit(seeded(), loader(), loader())
    assert {"loss/a", "weight/a", "val/delta_m"} <= run.callback_metrics.keys()
    assert monitors[0].history.total == 10


def test_its_loggers_get_pictures_and_the_table_of_tasks(tmp_path: Path) -> None:
    accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    from pytorch_lightning.loggers import TensorBoardLogger

    callbacks = [MultiTaskCallback(GO4Align()), GroupDynamicsMonitor(num_pictures=1)]
    trainer(*callbacks, logger=TensorBoardLogger(tmp_path, name="runs"), log_every_n_steps=1).fit(seeded(), loader())
    found = accumulators.EventAccumulator(str(tmp_path / "runs" / "version_0"))
    found.Reload()
    assert {"pictures/assignment", "pictures/weights"} <= set(found.Tags()["images"])
    assert "tasks/text_summary" in found.Tags()["tensors"]


class Manual(Other):
    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False


@pytest.mark.parametrize(
    ("module", "callbacks", "advice"),
    [
        pytest.param(Manual, lambda: [MultiTaskCallback(Sum())], "Remove that line", id="a part of `update`"),
        pytest.param(Other, lambda: [GroupDynamicsMonitor()], "Add one to `trainer.callbacks`", id="a monitor"),
    ],
)
def test_what_does_not_fit_together_is_its_own_exception(
    module: type[Other], callbacks: Callable[[], list[Any]], advice: str
) -> None:
    with pytest.raises(MisconfigurationException, match=advice):
        trainer(*callbacks()).fit(module(), loader())


def test_a_checkpoint_of_another_method_is_refused_by_its_own_exception(tmp_path: Path) -> None:
    run = trainer(MultiTaskCallback(GO4Align()), max_epochs=1)
    run.fit(seeded(), loader())
    run.save_checkpoint(tmp_path / "last.ckpt")
    with pytest.raises(MisconfigurationException, match="Resume with the same method"):
        trainer(MultiTaskCallback(FAMO(3))).fit(seeded(), loader(), ckpt_path=tmp_path / "last.ckpt")


def test_two_of_its_processes_train_as_one_on_the_joined_batch(tmp_path: Path) -> None:
    script = Path(__file__).with_name("other_package.py")
    command = [sys.executable, str(script), str(tmp_path)]
    run = subprocess.run(
        command, capture_output=True, text=True, timeout=280, check=False, env=child_environment(), cwd=tmp_path
    )
    assert run.returncode == 0, run.stdout + run.stderr
    whole = seeded()
    trainer(MultiTaskCallback(GO4Align()), max_epochs=1).fit(whole, batches_of(8))
    found = [torch.load(tmp_path / f"{rank}.pt", weights_only=True) for rank in range(2)]
    assert [each["processes"] for each in found] == [2, 2]
    assert torch.equal(found[0]["parameters"], found[1]["parameters"])
    # The sums of a batch are taken in another order, and these losses are of up to 400,000.
    assert gap(found[0]["parameters"], parameters(whole)) < 1e-6
