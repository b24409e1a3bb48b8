from collections.abc import Callable
from typing import Any

import pytest
import torch
from lightning import seed_everything
from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum

from lightning_go4align.benchmarks.qm9 import (
    DenseMPNN,
    QM9DataModule,
    QM9Module,
    WarmupCosine,
    single_task_errors,
)
from lightning_go4align.benchmarks.qm9.graphs import QM9GraphDataModule
from lightning_go4align.benchmarks.qm9.mpnn import MPNN
from lightning_go4align.methods import GO4Align
from lightning_go4align.monitors import GroupDynamicsMonitor
from lightning_go4align.report.figures import figures
from lightning_go4align.update.given_method import Optimization

NAMES = ["mu", "alpha", "homo", "lumo", "r2", "zpve", "u0", "u", "h", "g", "cv"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval"),
]


def test_errors_are_means_over_molecules_in_published_units(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    module = QM9Module(Sum())
    trainer = make_trainer(enable_checkpointing=False)
    trainer.fit(module, datamodule=data)
    (errors,) = trainer.test(module, data, verbose=False)
    module.eval()
    with torch.no_grad():
        differences = [(module(batch) - batch.y).abs() for batch in data.test_dataloader()]
    expected = torch.cat(differences).mean(dim=0)
    torch.testing.assert_close(torch.tensor([errors[f"test/{name}"] for name in NAMES]), expected, rtol=1e-5, atol=0)


def test_the_changes_against_the_baseline_and_their_mean_are_logged_and_reported(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(enable_checkpointing=False, callbacks=[monitor := GroupDynamicsMonitor()], max_epochs=2)
    trainer.fit(QM9Module(GO4Align(num_groups=2)), datamodule=data)
    logged = {name: value.item() for name, value in trainer.callback_metrics.items()}
    baseline = single_task_errors("published.json")
    changes = {f"val/delta/{name}": 100 * (logged[f"val/{name}"] / error - 1) for name, error in baseline.items()}
    assert {name: logged[name] for name in changes} == pytest.approx(changes, rel=1e-4)
    assert logged["val/delta_m"] == pytest.approx(sum(changes.values()) / 11, rel=1e-4)
    titles = [shown.title for shown in figures(monitor.history)]
    assert titles[-2:] == ["Per metric at the best epoch", "When each metric converges"]


def test_losses_are_squared_errors_of_normalised_targets(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    module = QM9Module(Sum())
    make_trainer(enable_checkpointing=False, limit_train_batches=1).fit(module, datamodule=data)
    batch = next(iter(data.test_dataloader()))
    losses = QM9Module.training_step(module, batch, 0)
    mean, std = data.normalisation
    normalised = (batch.y - mean) / std
    expected = ((module(batch) - mean) / std - normalised).square().mean(dim=0)
    assert list(losses) == NAMES
    torch.testing.assert_close(torch.stack(list(losses.values())), expected, rtol=1e-3, atol=1e-5)


def test_reference_network_learns_the_same_as_the_dense_one(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    graph_data = QM9GraphDataModule(data.source, num_train=16, num_val=8, num_test=10, batch_size=16)
    data.batch_size = 16
    dense, reference = QM9Module(GO4Align(5)), QM9Module(GO4Align(5), network=MPNN)
    reference.load_state_dict(dense.state_dict())
    logged = []
    for module, molecules in ((dense, data), (reference, graph_data)):
        trainer = make_trainer(enable_checkpointing=False)
        trainer.fit(module, datamodule=molecules)
        logged.append(torch.stack([trainer.callback_metrics[f"val/{name}"] for name in NAMES]))
    # One step of Adam divides rounding of the smallest gradients by their size.
    torch.testing.assert_close(logged[0], logged[1], rtol=2e-3, atol=0)


@pytest.mark.parametrize("make", [lambda: GO4Align(num_groups=2), Sum, UPGrad], ids=["GO4Align", "Sum", "UPGrad"])
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_every_kind_of_method_trains_all_parameters(
    data: QM9DataModule, make_trainer: Callable[..., Trainer], make: Callable[[], Any], optimization: Optimization
) -> None:
    module = QM9Module(make(), targets=["mu", "u0"], optimization=optimization)
    before = {name: weight.clone() for name, weight in module.network.named_parameters()}
    make_trainer(enable_checkpointing=False, limit_train_batches=2).fit(module, datamodule=data)
    assert not [name for name, weight in module.network.named_parameters() if torch.equal(weight, before[name])]


def test_checkpoint_of_the_best_epoch_brings_its_normalisation(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    best = ModelCheckpoint(monitor="val/delta_m")
    trainer = make_trainer(callbacks=[best], max_epochs=2)
    trainer.fit(QM9Module(Sum(), schedule=WarmupCosine()), datamodule=data)
    fresh = QM9Module(Sum())
    make_trainer(callbacks=[best]).test(fresh, data, ckpt_path=best.best_model_path, verbose=False)
    assert torch.equal(fresh.std, data.normalisation[1])


def test_thirty_steps_learn_eight_molecules(data: QM9DataModule, make_trainer: Callable[..., Trainer]) -> None:
    seed_everything(0)
    data.num_train = 8
    module = QM9Module(GO4Align(num_groups=5), learning_rate=2e-3, schedule=WarmupCosine())
    make_trainer(enable_checkpointing=False, max_epochs=30, limit_val_batches=0).fit(module, datamodule=data)
    (batch,) = data.train_dataloader()
    errors = ((module(batch) - batch.y) / module.std).square().mean(dim=0)
    # 7 / 8 is the variance that a constant leaves.
    assert errors.mean() < 0.4


def test_a_module_can_be_validated_and_tested_between_fits(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    module, trainer = QM9Module(Sum()), make_trainer(enable_checkpointing=False, limit_train_batches=1)
    trainer.validate(module, data, verbose=False)
    trainer.fit(module, datamodule=data)  # torch refuses to update what was made in inference mode
    trainer.test(module, data, verbose=False)
    trainer.fit_loop.max_epochs = 2
    trainer.fit(module, datamodule=data)
    assert trainer.callback_metrics["val/delta_m"].isfinite()


@pytest.mark.parametrize("reference", [False, True], ids=["dense", "graphs"])
def test_predictions_are_in_published_units_in_the_order_of_the_named_rows(
    data: QM9DataModule, make_trainer: Callable[..., Trainer], reference: bool
) -> None:
    if reference:
        data = QM9GraphDataModule(data.source, num_train=16, num_val=8, num_test=10, batch_size=4)
    module = QM9Module(Sum(), targets=["u0", "mu"], network=MPNN if reference else DenseMPNN)
    trainer = make_trainer(enable_checkpointing=False, limit_train_batches=1)
    trainer.fit(module, datamodule=data)
    predictions = torch.cat(trainer.predict(module, datamodule=data))  # type: ignore[arg-type]  # `predict` may return None.
    (errors,) = trainer.test(module, data, verbose=False)
    error = (predictions - data.targets[data.predicted_rows][:, [6, 0]]).abs().mean(0)
    torch.testing.assert_close(error, torch.tensor([errors["test/u0"], errors["test/mu"]]), rtol=1e-5, atol=0)


def test_a_run_without_a_last_step_ends_with_its_time(
    data: QM9DataModule, make_trainer: Callable[..., Trainer]
) -> None:
    trainer = make_trainer(max_epochs=-1, max_time={"seconds": 0}, enable_checkpointing=False)
    trainer.fit(QM9Module(Sum()), datamodule=data)
    assert trainer.state.finished


def test_one_target_makes_a_single_task_network(data: QM9DataModule, make_trainer: Callable[..., Trainer]) -> None:
    module = QM9Module(Sum(), targets=["u0"])
    trainer = make_trainer(enable_checkpointing=False)
    trainer.fit(module, datamodule=data)
    assert module.network.heads.out_features == 1  # type: ignore[union-attr]  # It may be a tensor or a module.
    assert [name for name in trainer.callback_metrics if name.startswith("val/")] == [
        "val/u0",
        "val/delta/u0",
        "val/delta_m",
    ]


def test_shared_parameters_are_all_but_the_heads() -> None:
    assert sum(parameter.numel() for parameter in QM9Module(Sum()).shared_parameters()) == 616_960


@pytest.mark.parametrize("precision", ["bf16-mixed", "64-true"])
def test_the_other_precisions_measure_the_same_errors(
    data: QM9DataModule, make_trainer: Callable[..., Trainer], precision: str
) -> None:
    module = QM9Module(Sum())
    single, other = (
        make_trainer(precision=name).test(module, data, verbose=False)[0] for name in ("32-true", precision)
    )
    assert other["test/u0"] == pytest.approx(single["test/u0"], rel=1e-3)
