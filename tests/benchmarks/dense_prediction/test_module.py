from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, Trainer, seed_everything
from torch import Tensor
from torch.utils.data import DataLoader
from torchjd.aggregation import Aggregator
from torchjd.scalarization import FAMO, Scalarizer, Sum

from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN
from lightning_go4align.benchmarks.cityscapes import published as cityscapes_published
from lightning_go4align.benchmarks.dense_prediction import MeanOfBatches, OverPixels, ZoomAndFlip, divide_by_zoom
from lightning_go4align.benchmarks.fast_paths import ChannelsLastCallback
from lightning_go4align.benchmarks.nyuv2 import NYUv2Module, NYUv2MTAN, NYUv2Split
from lightning_go4align.benchmarks.nyuv2 import published as nyuv2_published
from lightning_go4align.methods import GO4Align

NARROW = [4, 4, 4, 4, 4]


def cityscapes_module(method: Scalarizer | Aggregator, **options: Any) -> CityScapesModule:
    seed_everything(0, verbose=False)
    return CityScapesModule(method, CityScapesMTAN(NARROW), learning_rate=2e-2, **options)


@pytest.mark.parametrize("method", [lambda: GO4Align(num_groups=2), lambda: FAMO(3)], ids=["GO4Align", "FAMO"])
def test_nyuv2_trains_and_logs_every_metric_of_table_1_in_its_order(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer], method: Callable[..., Any]
) -> None:
    module, fitted = NYUv2Module(method(), NYUv2MTAN(NARROW)), trainer(max_epochs=1, num_sanity_val_steps=0)
    fitted.fit(module, datamodule=nyuv2.data())
    logged = [name.removeprefix("val/") for name in fitted.callback_metrics if name.startswith("val/")]
    table_1 = [*nyuv2_published.SINGLE_TASK]
    assert logged == [*table_1, *(f"delta/{name}" for name in table_1), "delta_m"]


def test_cityscapes_tests_every_metric_of_table_5_in_its_order(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    (logged,) = trainer().test(cityscapes_module(Sum()), datamodule=cityscapes.data(), verbose=False)
    table_5 = [*cityscapes_published.SINGLE_TASK]
    assert list(logged) == [f"test/{name}" for name in [*table_5, *(f"delta/{name}" for name in table_5), "delta_m"]]


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


def test_predictions_are_classes_depths_and_unit_normals_of_the_test_images(
    nyuv2: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module, data = NYUv2Module(Sum(), NYUv2MTAN(NARROW)), nyuv2.data()
    batches = trainer().predict(module, datamodule=data)
    predicted = {task: torch.cat([batch[task] for batch in batches]) for task in batches[0]}
    with torch.no_grad():
        output = module.eval()(torch.stack([sample["image"] for sample in data.test_set]))
    assert torch.equal(predicted["segmentation"], output["segmentation"].argmax(1))
    torch.testing.assert_close(predicted["depth"], output["depth"])
    lengths = output["normal"].square().sum(1, keepdim=True).sqrt()
    torch.testing.assert_close(predicted["normal"] * lengths, output["normal"])


def test_cityscapes_predicts_its_two_tasks(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    batches = trainer().predict(cityscapes_module(Sum()), datamodule=cityscapes.data())
    assert {task: tuple(maps.shape) for task, maps in batches[0].items()} == {  # type: ignore[union-attr]
        "segmentation": (2, 32, 64),
        "depth": (2, 1, 32, 64),
    }


def test_every_epoch_is_measured_anew(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    module, data = cityscapes_module(Sum()), cityscapes.data()
    (first,) = trainer().validate(module, datamodule=data, verbose=False)
    with torch.no_grad():
        module.network.heads["depth"][1].bias.fill_(100)  # type: ignore[index]
    (second,) = trainer().validate(module, datamodule=data, verbose=False)
    assert second["val/abs_err"] > 90 > first["val/abs_err"]


def test_learning_rate_halves_after_the_given_epochs(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    module = cityscapes_module(Sum(), halve_every=2)
    fitted = trainer(max_epochs=4, limit_train_batches=1, limit_val_batches=0)
    fitted.fit(module, datamodule=cityscapes.data())
    assert fitted.optimizers[0].param_groups[0]["lr"] == pytest.approx(2e-2 / 4)


def errors(trainer: Callable[..., Trainer], cityscapes: SimpleNamespace, evaluation: Any, batch_size: int) -> float:
    module = cityscapes_module(Sum(), evaluation=evaluation)
    (logged,) = trainer().test(module, datamodule=cityscapes.data(batch_size=batch_size), verbose=False)
    return logged["test/abs_err"]


def test_only_the_published_evaluation_depends_on_the_batch_size(
    cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]
) -> None:
    (cityscapes.root / "train").rename(cityscapes.root / "three")
    (cityscapes.root / "val").rename(cityscapes.root / "two")
    (cityscapes.root / "three").rename(cityscapes.root / "val")  # 3 images: batches of 2 and 1
    over_pixels = [errors(trainer, cityscapes, OverPixels(), size) for size in (2, 3)]
    published = [errors(trainer, cityscapes, MeanOfBatches(), size) for size in (2, 3)]
    assert over_pixels[0] == pytest.approx(over_pixels[1], rel=1e-5)
    assert published[0] != pytest.approx(published[1], rel=1e-3)
    assert published[1] == pytest.approx(over_pixels[1], rel=1e-5)  # one batch


def test_other_single_task_values_move_delta_m(cityscapes: SimpleNamespace, trainer: Callable[..., Trainer]) -> None:
    halved = {name: value / 2 for name, value in cityscapes_published.SINGLE_TASK.items()}
    scores = [
        trainer().test(cityscapes_module(Sum(), **options), datamodule=cityscapes.data(), verbose=False)[0]
        for options in ({}, {"single_task": halved})
    ]
    assert scores[0]["test/delta_m"] != scores[1]["test/delta_m"]


def test_single_task_values_of_other_metrics_are_refused_at_once() -> None:
    given = {name: 1.0 for name in cityscapes_published.SINGLE_TASK if name != "miou"} | {"mIoU": 1.0}
    with pytest.raises(ValueError, match=r"\['miou'\] are missing and \['mIoU'\] .* Correct `model.single_task`"):
        cityscapes_module(Sum(), single_task=given)


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
