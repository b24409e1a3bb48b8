from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from lightning import Trainer

from lightning_go4align import RobustGO4Align
from lightning_go4align.benchmarks.qm9 import QM9DataModule, QM9Module

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval"),
]
Ready = Callable[..., QM9DataModule]


@pytest.fixture
def ready(data: QM9DataModule) -> Ready:
    def make(**settings: Any) -> QM9DataModule:
        made = QM9DataModule(
            data.source, **{"num_train": 150, "num_val": 30, "num_test": 40, "batch_size": 4, **settings}
        )
        made.prepare_data()
        made.setup("fit")
        return made

    return make


def test_labels_are_taken_from_training_molecules_only_and_the_others_stay_as_they_are(ready: Ready) -> None:
    few, all_of_them = ready(label_fraction=0.2), ready()
    there = few.targets.isfinite()
    assert torch.equal(few.targets[there], all_of_them.targets[there])
    assert there[few.rows.test].all()
    assert there[few.rows.val].all()
    assert there[few.rows.train].float().mean().item() == pytest.approx(0.2, abs=0.05)  # of 1,650: 5 deviations


def test_a_target_that_is_not_named_keeps_all_labels(ready: Ready) -> None:
    data = ready(label_fraction={"alpha": 0.1, "u0": 0.5})
    there = data.targets[data.rows.train].isfinite().float().mean(dim=0)
    assert there[1].item() == pytest.approx(0.1, abs=0.13)
    assert there[6].item() == pytest.approx(0.5, abs=0.2)
    assert (there == 1).sum() == 9


def test_fewer_labels_are_a_part_of_more(ready: Ready) -> None:
    few, more = (ready(label_fraction=share).targets.isfinite() for share in (0.1, 0.3))
    assert (more | ~few).all()
    assert more.sum() > few.sum()


def test_labels_do_not_change_with_the_seed_of_a_run(ready: Ready) -> None:
    torch.manual_seed(1)
    first = ready(label_fraction=0.2).targets
    torch.manual_seed(2)
    assert torch.equal(first.isnan(), ready(label_fraction=0.2).targets.isnan())


def test_targets_are_normalised_over_the_labels_that_are_there(ready: Ready) -> None:
    data = ready(label_fraction=0.2)
    y = data.targets[data.rows.train].double().numpy()
    mean, std = data.normalisation
    np.testing.assert_allclose(mean.numpy(), np.nanmean(y, axis=0), rtol=1e-5)
    np.testing.assert_allclose(std.numpy(), np.nanstd(y, axis=0, ddof=1), rtol=1e-5)


@pytest.mark.parametrize("share", [0.0, -0.1, 1.5, float("nan"), {"u0": 0}])
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(ValueError, match=r"`label_fraction` must lie in \(0, 1\]"):
        QM9DataModule(label_fraction=share)


def test_a_target_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"names 'gap'. Correct `data.label_fraction`"):
        QM9DataModule(label_fraction={"gap": 0.5})


def test_a_target_without_labels_is_refused(ready: Ready) -> None:
    with pytest.raises(ValueError, match=r"at least 2 labels.* of 150 molecules it leaves \{'cv': [01]\}"):
        ready(label_fraction={"cv": 1e-4})


def test_a_batch_without_a_target_s_labels_trains_the_others(
    ready: Ready, make_trainer: Callable[..., Trainer]
) -> None:
    data = ready(label_fraction={"cv": 0.03})
    absent = []

    class Noted(QM9Module):
        def training_step(self, batch: Any, batch_idx: int) -> dict[str, Any]:
            losses = super().training_step(batch, batch_idx)
            absent.append([name for name, loss in losses.items() if loss is None])
            return losses

    module = Noted(RobustGO4Align())
    make_trainer(enable_checkpointing=False, max_epochs=2).fit(module, datamodule=data)
    assert absent.count(["cv"]) > len(absent) / 2
    assert absent.count([]) > 0
    assert all(parameter.isfinite().all() for parameter in module.parameters())
