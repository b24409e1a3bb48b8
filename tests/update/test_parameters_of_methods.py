"""A method that the module holds as well: its optimizer steps what that learns along, nobody steps it twice."""

import logging
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from both_modes import MODES
from torch import Tensor, nn
from torchjd.scalarization import FAMO, IMTLL, UW, Scalarizer
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import WithLearningRate
from lightning_go4align.update.given_method import Optimization

LEARNED_ALONG: list[Callable[[], Scalarizer]] = [
    lambda: UW(3),
    lambda: IMTLL(3),
    lambda: WithLearningRate(UW(3), learning_rate=0.3),
]
OTHERS: list[Callable[[], Scalarizer]] = [lambda: FAMO(3), RobustGO4Align]
TRAINERS: list[dict[str, Any]] = [{}, {"accumulate_grad_batches": 2, "gradient_clip_val": 0.5}]


def adamw(module: nn.Module) -> torch.optim.Optimizer:
    return torch.optim.AdamW(module.parameters(), 1e-2, weight_decay=0.1)


class Holding(Toy):
    """Has its method as a part, so that `self.parameters()` holds what that learns."""

    def __init__(self, method: Scalarizer, **options: Any) -> None:
        super().__init__(**options)
        self.weigh_losses = method


class Written(Holding):
    """The same in plain Lightning."""

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Tensor:
        objective: Tensor = self.weigh_losses(torch.stack([*self.losses(batch).values()]))
        return objective


def trained(module: pl.LightningModule, callbacks: list[pl.Callback], **trainer: Any) -> dict[str, Tensor]:
    quiet_trainer(max_epochs=2, callbacks=callbacks, **trainer).fit(module, loader())
    return {name: value.detach().clone() for name, value in module.named_parameters()}


def assert_same(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    assert found.keys() == expected.keys()
    different = [name for name, value in found.items() if not torch.equal(value, expected[name])]
    assert not different


@MODES
@pytest.mark.parametrize("options", TRAINERS, ids=["plain", "accumulated"])
@pytest.mark.parametrize("make", LEARNED_ALONG, ids=lambda make: str(make()))
def test_what_an_optimizer_holds_is_stepped_by_it_as_in_plain_lightning(
    make: Callable[[], Scalarizer], options: dict[str, Any], optimization: Optimization
) -> None:
    torch.manual_seed(0)
    written = Written(make(), optimizer=adamw)
    module = Holding(make(), optimizer=adamw)
    module.load_state_dict(written.state_dict())
    callback = MultiTaskCallback(module.weigh_losses, optimization)
    assert_same(trained(module, [callback], **options), trained(written, [], **options))


@pytest.mark.parametrize("make", OTHERS, ids=lambda make: str(make()))
def test_what_a_method_steps_itself_is_left_to_it(make: Callable[[], Scalarizer]) -> None:
    torch.manual_seed(0)
    module = Holding(make(), optimizer=adamw)
    alone, method = Toy(optimizer=adamw), deepcopy(module.weigh_losses)
    alone.load_state_dict(module.state_dict(), strict=False)
    found = trained(module, [MultiTaskCallback(module.weigh_losses)])
    expected = trained(alone, [MultiTaskCallback(method)])
    own = {f"weigh_losses.{name}": value.detach() for name, value in method.named_parameters()}
    assert_same(found, expected | own)


def test_it_is_told_in_a_line(caplog: pytest.LogCaptureFixture) -> None:
    module = Holding(UW(3))
    with caplog.at_level(logging.INFO):
        trained(module, [MultiTaskCallback(module.weigh_losses)])
    assert [line for line in caplog.messages if line.startswith("An optimizer of the module holds what UW")]


@pytest.mark.parametrize("goes_back", [False, True], ids=["held", "held no longer"])
def test_a_resume_is_the_run_without_an_interruption(goes_back: bool, tmp_path: Path) -> None:
    """Also with a callback whose fit before left the parameters to the module's optimizer."""
    torch.manual_seed(0)
    heads_only: Any = (lambda module: torch.optim.Adam(module.heads.parameters(), 1e-2)) if goes_back else adamw
    start = Holding(UW(3), optimizer=heads_only)
    whole, half = deepcopy(start), deepcopy(start)
    expected = trained(whole, [MultiTaskCallback(whole.weigh_losses)], limit_train_batches=3)

    before = quiet_trainer(max_epochs=1, limit_train_batches=3, callbacks=MultiTaskCallback(half.weigh_losses))
    before.fit(half, loader())
    before.save_checkpoint(tmp_path / "half.ckpt")

    resumed = Holding(UW(3), optimizer=adamw)
    callback = MultiTaskCallback(resumed.weigh_losses)
    trained(resumed, [callback], limit_train_batches=1)
    resumed.optimizer = heads_only
    after = quiet_trainer(max_epochs=2, limit_train_batches=3, callbacks=callback)
    after.fit(resumed, loader(), ckpt_path=tmp_path / "half.ckpt")
    assert_same({name: value.detach() for name, value in resumed.named_parameters()}, expected)
