from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from benchmarks.dense_prediction.narrow import NARROW, cityscapes_module
from lightning.pytorch import Callback, Trainer
from torch import Tensor
from torch.utils.data import DataLoader
from torchjd.scalarization import FAMO, Sum

from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN
from lightning_go4align.benchmarks.dense_prediction import ZoomAndFlip, divide_by_zoom
from lightning_go4align.benchmarks.fast_paths import ChannelsLastCallback
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module, NYUv2MTAN, NYUv2Split
from lightning_go4align.benchmarks.nyuv2 import published as nyuv2_published
from lightning_go4align.methods import GO4Align


@pytest.mark.parametrize("method", [lambda: GO4Align(num_groups=2), lambda: FAMO(3)], ids=["GO4Align", "FAMO"])
def test_nyuv2_trains_and_logs_every_metric_of_table_1_in_its_order(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], method: Callable[..., Any]
) -> None:
    module, fitted = NYUv2Module(method(), NYUv2MTAN(NARROW)), trainer(max_epochs=1, num_sanity_val_steps=0)
    fitted.fit(module, datamodule=nyuv2.data())
    logged = [name.removeprefix("val/") for name in fitted.callback_metrics if name.startswith("val/")]
    table_1 = [*nyuv2_published.SINGLE_TASK]
    assert logged == [*table_1, *(f"delta/{name}" for name in table_1), "delta_m"]


@pytest.mark.parametrize("method", [lambda: GO4Align(num_groups=2), lambda: FAMO(2)], ids=["GO4Align", "FAMO"])
def test_training_lowers_the_losses(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer], method: Callable[..., Any]
) -> None:
    module, data = cityscapes_module(method()), cityscapes.data(batch_size=3)

    def loss() -> dict[str, float]:
        batch = next(iter(data.train_dataloader()))
        with torch.no_grad():
            return {task: value.item() for task, value in module.train().training_step(batch, 0).items()}

    data.setup("fit")
    before = loss()
    trainer(max_epochs=8, limit_val_batches=0).fit(module, datamodule=data)
    assert all(after < 0.95 * before[task] for task, after in loss().items())


@pytest.mark.parametrize("method", [lambda: GO4Align(num_groups=2), lambda: FAMO(2)], ids=["GO4Align", "FAMO"])
def test_a_resumed_run_ends_with_the_same_bits(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer], tmp_path: Path, method: Callable[..., Any]
) -> None:
    data = cityscapes.data()
    data.setup("fit")
    loader = DataLoader(data.train_set, batch_size=2)  # in order: only the weights may differ

    def run(epochs: int, checkpoint: Path | None = None) -> tuple[CityScapesModule, Trainer]:
        module, fitted = cityscapes_module(method()), trainer(max_epochs=epochs, limit_val_batches=0)
        fitted.fit(module, loader, ckpt_path=checkpoint)
        return module, fitted

    whole, _ = run(3)
    _, half = run(2)
    half.save_checkpoint(tmp_path / "half.ckpt")
    resumed, _ = run(3, tmp_path / "half.ckpt")
    weights = zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in weights)


def test_a_module_can_be_validated_and_tested_before_it_is_trained(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module, data, looped = cityscapes_module(Sum()), cityscapes.data(), trainer(max_epochs=1)
    first = looped.validate(module, datamodule=data, verbose=False) + looped.test(
        module, datamodule=data, verbose=False
    )
    looped.fit(module, datamodule=data)  # torch refuses to update what was made in inference mode
    assert looped.callback_metrics["val/abs_err"] != first[0]["val/abs_err"] == first[1]["test/abs_err"]


def test_learning_rate_halves_after_the_given_epochs(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module = cityscapes_module(Sum(), halve_every=2)
    fitted = trainer(max_epochs=4, limit_train_batches=1, limit_val_batches=0)
    fitted.fit(module, datamodule=cityscapes.data())
    assert fitted.optimizers[0].param_groups[0]["lr"] == pytest.approx(2e-2 / 4)


def test_shared_parameters_are_all_but_the_heads() -> None:
    module = NYUv2Module(Sum(), NYUv2Split(NARROW))
    names = {id(parameter): name for name, parameter in module.named_parameters()}
    shared = {names[id(parameter)] for parameter in module.shared_parameters()}
    assert {name for name in names.values() if name not in shared} == {
        name for name in names.values() if name.startswith("network.heads.")
    }


def test_augmentation_touches_training_batches_only(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    seen: dict[str, list[Tensor]] = {"train": [], "val": []}

    class Spy(CityScapesModule):
        def training_step(self, batch: dict[str, Tensor], batch_idx: int) -> dict[str, Tensor]:
            seen["train"].append(batch["depth"])
            return super().training_step(batch, batch_idx)

        def validation_step(self, batch: dict[str, Tensor], batch_idx: int) -> None:
            seen["val"].append(batch["depth"])
            super().validation_step(batch, batch_idx)

    data = cityscapes.data(augmentation=ZoomAndFlip(divide_by_zoom, scales=[2.0]))
    trainer(max_epochs=1).fit(Spy(Sum(), CityScapesMTAN(NARROW)), datamodule=data)
    stored = {
        name: torch.stack([s["depth"] for s in split])
        for name, split in (("train", data.train_set), ("val", data.test_set))
    }
    assert torch.cat(seen["train"]).max() <= stored["train"].max() / 2
    assert torch.equal(torch.cat(seen["val"])[:2], stored["val"])


def trained_with(
    trainer: Callable[..., Trainer], cityscapes: SimpleNamespace, *callbacks: Callback, **options: Any
) -> CityScapesModule:
    module = cityscapes_module(GO4Align(num_groups=2))
    trainer(max_epochs=1, callbacks=[*callbacks], limit_val_batches=0, **options).fit(
        module, datamodule=cityscapes.data()
    )
    return module


def test_channels_last_changes_the_order_in_memory_but_not_the_function(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module, image = trained_with(trainer, cityscapes).eval(), torch.rand(1, 3, 32, 64)
    with torch.no_grad():
        plain = module(image)
        ChannelsLastCallback().setup(trainer(), module, "fit")
        fast = module(image)
    assert fast["depth"].is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(fast, plain, rtol=1e-4, atol=1e-5)  # convolutions add up in another order


def test_mixed_precision_trains_float32_weights(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    weights = trained_with(trainer, cityscapes, precision="bf16-mixed").state_dict().values()
    assert all(value.isfinite().all() and value.dtype != torch.bfloat16 for value in weights)
