from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torchjd.scalarization import Sum

from lightning_go4align import GO4Align
from lightning_go4align.benchmarks.partial_labels import labelled_errors
from lightning_go4align.benchmarks.synthetic import SyntheticData, SyntheticModule


def quiet_trainer(**options: Any) -> pl.Trainer:
    quiet: dict[str, Any] = {
        "enable_checkpointing": False,
        "enable_progress_bar": False,
        "enable_model_summary": False,
    }
    return pl.Trainer(logger=False, accelerator="cpu", num_sanity_val_steps=0, **quiet, **options)


def ready(**options: Any) -> SyntheticData:
    data = SyntheticData(**options)
    data.setup("fit")
    return data


def test_the_network_behind_the_targets_has_the_best_errors() -> None:
    data, ideal = ready(num_train=20_000), ready(num_train=20_000, noise=0.0)
    errors = (data.train.tensors[1] - ideal.train.tensors[1]).square().mean(0)
    torch.testing.assert_close(errors, data.best_errors, rtol=0.05, atol=0)  # 1 % each at 20,000 rows, 5 deviations


def test_groups_are_a_factor_of_ten_apart_in_the_squared_error() -> None:
    data = SyntheticData(num_tasks=7, num_groups=3)
    by_group = [data.best_errors[data.groups == group].unique().item() for group in range(3)]
    assert by_group[1] / by_group[0] == pytest.approx(by_group[2] / by_group[1]) == pytest.approx(10)


def test_every_run_sees_the_same_data() -> None:
    assert all(map(torch.equal, ready().train.tensors, ready().train.tensors))


def test_more_groups_than_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match=r"`num_groups` must lie in \[1, 2\]"):
        SyntheticData(num_tasks=2, num_groups=3)


def test_go4align_finds_the_groups_once_a_batch_tells_their_scales() -> None:
    torch.manual_seed(0)
    trainer, data = quiet_trainer(max_epochs=3), SyntheticData(num_train=8192, batch_size=8192, noise=20.0)
    trainer.fit(SyntheticModule(GO4Align(num_groups=3, beta=0.0)), datamodule=data)
    assert trainer.callback_metrics["train/agreement"] == 1


def test_delta_m_is_the_mean_change_of_the_squared_error_against_the_best() -> None:
    trainer, data = quiet_trainer(), ready()
    (scores,) = trainer.test(module := SyntheticModule(Sum()), datamodule=data, verbose=False)
    x, y = data.test.tensors
    errors = (module(x) - y).square().mean(0)
    assert scores["test/delta_m"] == pytest.approx(100 * (errors / data.best_errors - 1).mean().item(), rel=1e-4)


def test_the_number_of_heads_is_that_of_the_tasks() -> None:
    trainer, module = quiet_trainer(max_epochs=1), SyntheticModule(Sum())
    trainer.fit(module, datamodule=SyntheticData(num_tasks=40, num_train=64))
    assert module.heads.out_features == 40


def test_predictions_are_those_of_the_test_rows_in_their_order() -> None:
    trainer, data = quiet_trainer(), ready()
    (predicted,) = trainer.predict(module := SyntheticModule(Sum()), datamodule=data)
    torch.testing.assert_close(predicted, module(data.test.tensors[0]))


def test_labels_are_missing_from_the_training_rows_only() -> None:
    few, all_of_them = ready(label_fraction=0.1), ready()
    labels = few.train.tensors[1]
    there = labels.isfinite()
    assert there.float().mean().item() == pytest.approx(0.1, abs=0.01)  # 22,528 labels: 5 deviations
    assert torch.equal(labels[there], all_of_them.train.tensors[1][there])
    assert torch.equal(few.test.tensors[1], all_of_them.test.tensors[1])


@pytest.mark.parametrize("fraction", [0.0, 1.5])
def test_a_share_of_labels_that_is_none_is_refused(fraction: float) -> None:
    with pytest.raises(ValueError, match=r"`label_fraction` must lie in \(0, 1\]"):
        SyntheticData(label_fraction=fraction)


def test_a_task_without_a_label_in_the_batch_has_no_gradient() -> None:
    predictions = torch.zeros(2, 2, requires_grad=True)
    losses = labelled_errors(predictions, torch.tensor([[1.0, torch.nan], [3.0, torch.nan]]))
    losses.nansum().backward()
    assert predictions.grad is not None
    assert predictions.grad.tolist() == [[-1.0, 0.0], [-3.0, 0.0]]


def test_a_module_trains_with_absent_tasks() -> None:
    torch.manual_seed(0)
    trainer, data = quiet_trainer(max_epochs=1), SyntheticData(label_fraction=0.01, num_train=512)
    trainer.fit(module := SyntheticModule(GO4Align(num_groups=3)), datamodule=data)
    record = module.last_step
    assert record is not None
    assert record.losses.isnan().any()  # 11 tasks, a chance of a half for each
    assert record.not_finite.logical_not().all()  # absent, not spoilt
    assert all(parameter.isfinite().all() for parameter in module.parameters())
