"""Methods that weigh by gradients in the shared representation see it, without a change of ``training_step``."""

from collections.abc import Callable
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset
from torchjd.scalarization import Sum
from toy import quiet_trainer

from lightning_go4align import MultiTaskCallback
from lightning_go4align.benchmarks.celeba.model import CelebANetwork
from lightning_go4align.benchmarks.celeba.module import CelebAModule
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit
from lightning_go4align.benchmarks.nyuv2.model import NYUv2MTAN
from lightning_go4align.benchmarks.nyuv2.module import NYUv2Module
from lightning_go4align.methods import NTKMTLSR, GradNorm
from lightning_go4align.update.head_input import HeadInput
from lightning_go4align.update.misconfiguration import MisconfigurationException
from lightning_go4align.update.task_losses import StepOutput

SMALL = [4, 4, 4, 4, 4]
LOSSES = torch.ones(1)


class TwoHeads(pl.LightningModule):
    """Tells of its representation in one of several ways, or not at all."""

    def __init__(self, told: str = "") -> None:
        super().__init__()
        self.trunk = nn.Linear(4, 8)
        self.heads = nn.ModuleDict({"a": nn.Linear(8, 1), "b": nn.Linear(8, 1)})
        self.told = told
        if told == "an attribute":
            self.task_heads: Any = self.heads
        elif told.startswith("named"):
            self.task_heads = self._heads

    def _heads(self) -> Any:
        return {"named": self.heads, "named one by one": self.heads.values()}.get(self.told, self.heads)

    def training_step(self, batch: list[Tensor], batch_idx: int) -> dict[str, Any]:
        features = self.trunk(batch[0]).tanh()
        given = {"a": features, "b": 2 * features if self.told == "named, two tensors" else features}
        losses: dict[str, Any] = {
            task: (head(input=given[task])[:, 0] - batch[0][:, i].sin()).square().mean() * 10**i
            for i, (task, head) in enumerate(self.heads.items())
        }
        return {"task_losses": losses, "representation": features} if self.told == "returned" else losses

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.Adam(self.parameters(), lr=1e-2)


def trained(told: str, method: nn.Module) -> TwoHeads:
    torch.manual_seed(0)
    module = TwoHeads(told)
    data = DataLoader(TensorDataset(torch.randn(32, 4)), batch_size=8)
    callback = MultiTaskCallback(method)  # type: ignore[arg-type]  # A module is all that the parameters' type says.
    quiet_trainer(callbacks=callback, max_epochs=3).fit(module, data)
    return module


@pytest.mark.parametrize("make", [NTKMTLSR, lambda: GradNorm(2)], ids=["NTKMTLSR", "GradNorm"])
@pytest.mark.parametrize("told", ["named", "named one by one", "an attribute"])
def test_named_heads_are_as_good_as_a_returned_representation(told: str, make: Callable[[], nn.Module]) -> None:
    named, returned = trained(told, make()), trained("returned", make())
    assert all(torch.equal(a, b) for a, b in zip(named.parameters(), returned.parameters(), strict=True))


def test_without_either_the_error_says_both() -> None:
    with pytest.raises(ValueError, match=r"`task_heads\(\)` of the module, or return it beside the losses"):
        trained("", NTKMTLSR())


def test_heads_that_get_different_tensors_are_told_of() -> None:
    with pytest.raises(MisconfigurationException, match=r"were given 2 tensors, of shapes \[8, 8\], \[8, 8\]"):
        trained("named, two tensors", NTKMTLSR())


def step_output(**others: torch.Tensor) -> StepOutput:
    return StepOutput({"task_losses": {"depth": torch.ones((), requires_grad=True)}, **others})


def test_what_a_step_returns_comes_before_what_its_heads_are_given() -> None:
    module, returned = TwoHeads("named, two tensors"), torch.ones(8, 8)
    head_input = HeadInput(module, NTKMTLSR())
    head_input.seen_by(module.training_step)([torch.ones(8, 4)], 0)
    assert head_input.take(step_output(representation=returned), LOSSES) is returned
    assert head_input.take(step_output(), LOSSES) is None
    empty = head_input.take(StepOutput(None), LOSSES)
    assert empty is not None
    assert len(empty) == 0


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_stays_hooked(fails: bool) -> None:
    module = TwoHeads("named")
    head_input = HeadInput(module, NTKMTLSR())
    try:
        head_input.seen_by(module.training_step)([torch.ones(8, 5 if fails else 4)], 0)
    except RuntimeError:
        assert fails
    assert not any(head._forward_pre_hooks for head in module.heads.values())


def test_other_methods_hook_nothing() -> None:
    module = TwoHeads("named")
    assert HeadInput(module, Sum()).seen_by(module.forward) == module.forward


def test_what_validates_within_a_step_is_no_representation() -> None:
    module = TwoHeads("named")
    head_input = HeadInput(module, NTKMTLSR())

    def step() -> None:
        with torch.no_grad():
            module.training_step([torch.ones(2, 4)], 0)
        module.training_step([torch.ones(8, 4)], 0)

    head_input.seen_by(step)()
    representation = head_input.take(step_output(), LOSSES)
    assert representation is not None
    assert representation.shape == (8, 8)
    assert head_input.take(step_output(), LOSSES) is None  # its graph is let go of


def test_benchmarks_name_their_heads() -> None:
    celeba = CelebAModule(NTKMTLSR(), CelebANetwork(channels=[4, 4, 4, 4]))
    split = NYUv2Module(NTKMTLSR(), SegNetSplit({"segmentation": 13, "depth": 1, "normal": 3}, SMALL))
    for module, width in ((celeba, 4), (split, 4)):
        head_input = HeadInput(module, NTKMTLSR())
        head_input.seen_by(module)(torch.rand(2, 3, 64, 64))
        representation = head_input.take(step_output(), LOSSES)
        assert representation is not None
        assert representation.shape[:2] == (2, width)


def test_mtan_has_no_representation_that_its_tasks_share() -> None:
    module = NYUv2Module(NTKMTLSR(), NYUv2MTAN(SMALL))
    head_input = HeadInput(module, NTKMTLSR())
    head_input.seen_by(module)(torch.rand(2, 3, 64, 64))
    with pytest.raises(MisconfigurationException, match="were given 3 tensors"):
        head_input.take(step_output(), LOSSES)
