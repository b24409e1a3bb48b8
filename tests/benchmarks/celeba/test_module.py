from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch import Callback, LightningModule, Trainer, seed_everything
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor
from torch.nn.functional import binary_cross_entropy
from torch.utils.data import DataLoader
from torchjd.aggregation import Aggregator
from torchjd.scalarization import FAMO, Scalarizer, Sum

from lightning_go4align.benchmarks.celeba import CelebAModule, CelebANetwork
from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES
from lightning_go4align.benchmarks.fast_paths import CompileCallback
from lightning_go4align.methods import GO4Align

METHODS = pytest.mark.parametrize(
    "method", [lambda: GO4Align(num_groups=2), lambda: FAMO(40)], ids=["GO4Align", "FAMO"]
)


def narrow(method: Scalarizer | Aggregator) -> CelebAModule:
    seed_everything(0, verbose=False)
    return CelebAModule(method, CelebANetwork(channels=[4, 4, 4, 4]), learning_rate=1e-2)


def trainer(tmp_path: Path, **options: Any) -> Trainer:
    quiet = {"logger": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", devices=1, default_root_dir=tmp_path, **{**quiet, **options})


def f1_by_counting(decisions: Tensor, truth: Tensor) -> Tensor:
    """The published formula: precision and recall from counts over the split, 1e-8 in each denominator."""
    hits = (decisions & truth).sum(0).double()
    precision = hits / (decisions.sum(0) + 1e-8)
    recall = hits / (truth.sum(0) + 1e-8)
    return 2 * precision * recall / (precision + recall + 1e-8)


def test_losses_are_the_binary_cross_entropies_of_the_sigmoids(celeba: SimpleNamespace) -> None:
    module, data = narrow(Sum()), celeba.data()
    data.setup("fit")
    batch = data.on_after_batch_transfer(next(iter(data.val_dataloader())), 0)
    losses = module.training_step(batch, 0)
    module.load_state_dict(narrow(Sum()).state_dict())  # BatchNorm has moved
    probability = module(batch["image"]).sigmoid()
    expected = binary_cross_entropy(probability, batch["attributes"].float(), reduction="none").mean(0)
    assert tuple(losses) == ATTRIBUTES
    torch.testing.assert_close(torch.stack([*losses.values()]), expected)


def test_f1_is_the_published_formula_over_the_whole_split(celeba: SimpleNamespace, tmp_path: Path) -> None:
    module, data = narrow(Sum()), celeba.data(batch_size=2)
    torch.nn.init.normal_(module.network.heads.bias, std=3)  # some attributes always, some never
    (logged,) = trainer(tmp_path).validate(module, datamodule=data, verbose=False)
    split = data.splits["val"]  # three images: batches of two and one
    images = torch.stack([split[i]["image"] for i in range(3)]) / 255
    with torch.no_grad():
        expected = f1_by_counting(module.eval()(images).sigmoid() > 0.5, split.attributes)
    found = torch.tensor([logged[f"val/{name}"] for name in ATTRIBUTES], dtype=torch.float64)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-6)
    assert logged["val/mean_f1"] == pytest.approx(expected.mean().item(), abs=1e-6)


def test_an_attribute_of_which_an_output_is_nan_has_no_score(celeba: SimpleNamespace, tmp_path: Path) -> None:
    module = narrow(Sum())
    with torch.no_grad():
        module.network.heads.bias[1] = torch.nan
    (logged,) = trainer(tmp_path).test(module, datamodule=celeba.data(), verbose=False)
    unknown = {name for name, value in logged.items() if value != value}
    name = ATTRIBUTES[1]
    assert unknown == {f"test/{name}", f"test/delta/{name}", "test/mean_f1", "test/delta_m"}


class Scores(Callback):
    """Remember the mean F1 of each epoch."""

    def __init__(self) -> None:
        self.seen: list[float] = []

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        self.seen.append(trainer.callback_metrics["val/mean_f1"].item())


@METHODS
def test_the_first_best_validation_epoch_is_kept_and_tested(
    celeba: SimpleNamespace, tmp_path: Path, method: Callable[..., Any]
) -> None:
    module, data, scores = narrow(method()), celeba.data(), Scores()
    best = ModelCheckpoint(tmp_path / "best", monitor="val/mean_f1", mode="max")
    fitted = trainer(tmp_path, max_epochs=3, callbacks=[best, scores], num_sanity_val_steps=0)
    fitted.fit(module, datamodule=data)
    (logged,) = fitted.test(ckpt_path="best", datamodule=data, verbose=False)
    assert f"/epoch={scores.seen.index(max(scores.seen))}-" in best.best_model_path
    changes = [f"delta/{name}" for name in ATTRIBUTES]
    assert set(logged) == {f"test/{name}" for name in [*ATTRIBUTES, *changes, "mean_f1", "delta_m"]}


def test_a_module_can_be_validated_and_tested_before_it_is_trained(celeba: SimpleNamespace, tmp_path: Path) -> None:
    module, data = narrow(Sum()), celeba.data()
    looped = trainer(tmp_path, max_epochs=1, enable_checkpointing=False)
    looped.validate(module, datamodule=data, verbose=False)
    looped.test(module, datamodule=data, verbose=False)
    looped.fit(module, datamodule=data)  # torch refuses to update what was made in inference mode
    assert "val/mean_f1" in looped.callback_metrics


def test_predictions_are_probabilities_of_the_attributes_of_the_test_images(
    celeba: SimpleNamespace, tmp_path: Path
) -> None:
    module, data = narrow(Sum()), celeba.data(batch_size=1)
    predicted = torch.cat(trainer(tmp_path).predict(module, datamodule=data))  # type: ignore[arg-type]  # `predict` may return None.
    images = torch.stack([sample["image"] for sample in data.splits["test"]]) / 255
    with torch.no_grad():
        torch.testing.assert_close(predicted.logit(), module.eval()(images), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("precision", ["bf16-true", "64-true"])
def test_images_have_the_precision_of_the_weights(celeba: SimpleNamespace, tmp_path: Path, precision: str) -> None:
    fitted = trainer(tmp_path, max_epochs=1, enable_checkpointing=False, precision=precision)
    fitted.fit(narrow(Sum()), datamodule=celeba.data())  # torch refuses two dtypes
    assert "val/mean_f1" in fitted.callback_metrics


@pytest.mark.parametrize(("batch_size", "sizes"), [(5, [5]), (4, [4, 2]), (1, [1] * 6), (7, [6])])
def test_one_image_is_left_over_by_no_epoch(celeba: SimpleNamespace, batch_size: int, sizes: list[int]) -> None:
    data = celeba.data(batch_size=batch_size)  # of six images
    data.setup("fit")
    assert [len(batch["image"]) for batch in data.train_dataloader()] == sizes


@METHODS
def test_a_resumed_run_ends_with_the_same_bits(
    celeba: SimpleNamespace, tmp_path: Path, method: Callable[..., Any]
) -> None:
    data = celeba.data()
    data.setup("fit")
    samples = [data.on_after_batch_transfer(data.splits["train"][i], 0) for i in range(6)]
    loader: DataLoader[Any] = DataLoader(samples, batch_size=2)  # type: ignore[arg-type]  # in order: only the weights may differ

    def run(epochs: int, checkpoint: Path | None = None) -> tuple[CelebAModule, Trainer]:
        module = narrow(method())
        fitted = trainer(tmp_path, max_epochs=epochs, limit_val_batches=0, enable_checkpointing=False)
        fitted.fit(module, loader, ckpt_path=checkpoint)
        return module, fitted

    whole, _ = run(3)
    _, half = run(2)
    half.save_checkpoint(tmp_path / "half.ckpt")
    resumed, _ = run(3, tmp_path / "half.ckpt")
    weights = zip(whole.state_dict().values(), resumed.state_dict().values(), strict=True)
    assert all(torch.equal(*pair) for pair in weights)


@pytest.mark.slow  # Dynamo
def test_compilation_changes_neither_the_weights_nor_their_names(celeba: SimpleNamespace, tmp_path: Path) -> None:
    def trained(*callbacks: Callback) -> dict[str, Tensor]:
        module = narrow(GO4Align(num_groups=2))
        options = {"max_epochs": 1, "limit_val_batches": 0, "enable_checkpointing": False}
        trainer(tmp_path, callbacks=[*callbacks], **options).fit(module, datamodule=celeba.data(batch_size=6))
        return module.state_dict()

    plain, compiled = trained(), trained(CompileCallback(backend="eager"))
    assert plain.keys() == compiled.keys()
    assert all(torch.equal(plain[name], compiled[name]) for name in plain)


def test_callbacks_for_networks_refuse_a_module_without_one(tmp_path: Path) -> None:
    with pytest.raises(TypeError, match=r"attribute `network`.*Remove it from `trainer.callbacks`"):
        CompileCallback().setup(trainer(tmp_path), LightningModule(), "fit")


def test_single_task_values_of_other_attributes_are_refused_at_once() -> None:
    with pytest.raises(ValueError, match=r"\['Young'\] are missing and \[\] .* Correct `model.single_task`"):
        CelebAModule(Sum(), single_task=dict.fromkeys(ATTRIBUTES[:-1], 0.5))


def test_shared_parameters_are_all_but_the_heads() -> None:
    module = narrow(Sum())
    shared = set(map(id, module.shared_parameters()))
    heads = [name for name, parameter in module.named_parameters() if id(parameter) not in shared]
    assert heads == ["network.heads.weight", "network.heads.bias"]
