"""Several optimizers follow one objective: right where losses share it, refused where they oppose each other."""

from collections.abc import Callable
from typing import Any, cast

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import nn
from torch.utils.checkpoint import checkpoint
from torchjd.aggregation import UPGrad
from torchjd.scalarization import Sum
from toy import BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.reach import Reach


class Adversarial(Toy):
    """A trunk that is to please what is trained against it."""

    detached = True

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        made = self.trunk(batch[0])
        critic = self.heads["a"](made.detach() if self.detached else made)
        return {"maker": self.heads["a"](made).square().mean(), "critic": -critic.square().mean()}


class BalancedAdversarial(BalancedToy, Adversarial): ...


def sgd(*parts: nn.Module) -> list[Any]:
    return [torch.optim.SGD(part.parameters(), 1e-3) for part in parts]


def pair(module: Any) -> Any:
    return sgd(module.trunk, module.heads)


SHAPES: dict[str, Callable[[Any], Any]] = {
    "list": pair,
    "tuple": lambda module: tuple(pair(module)),
    "with schedulers": lambda module: (
        optimizers := pair(module),
        [torch.optim.lr_scheduler.StepLR(optimizer, 1) for optimizer in optimizers],
    ),
    "dictionaries": lambda module: tuple({"optimizer": optimizer} for optimizer in pair(module)),
}


def fit(module: Toy, *callbacks: pl.Callback) -> None:
    quiet_trainer(max_epochs=1, callbacks=list(callbacks)).fit(module, loader())


@pytest.mark.parametrize("method", [Sum, UPGrad])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_losses_that_play_against_each_other_are_refused(shape: Any, method: Any) -> None:
    with pytest.raises(MisconfigurationException, match=r"as a discriminator.*write manual optimization of your own"):
        fit(Adversarial(shape), MultiTaskCallback(method()))


def test_a_module_with_a_method_of_its_own_is_refused_too() -> None:
    with pytest.raises(MisconfigurationException, match="'critic' reaches the optimizers 1"):
        fit(BalancedAdversarial(method=Sum(), optimizer=pair))


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_every_shape_of_optimizers_trains_as_one_optimizer(shape: Any) -> None:
    ends = []
    for configure in (shape, lambda module: torch.optim.SGD(module.parameters(), 1e-3)):
        torch.manual_seed(0)
        module = Toy(configure)
        fit(module, MultiTaskCallback(Sum()))
        ends.append(torch.cat([parameter.detach().flatten() for parameter in module.parameters()]))
    assert torch.equal(*ends)


def test_one_optimizer_of_two_groups_follows_one_objective() -> None:
    module: Any = Adversarial(
        lambda toy: torch.optim.SGD([{"params": part.parameters()} for part in (toy.trunk, toy.heads)], 1e-2)
    )
    trunk, critic = (layer.weight.detach().clone() for layer in (module.trunk[0], module.heads["a"]))
    fit(module, MultiTaskCallback(Sum()))
    assert not torch.equal(module.trunk[0].weight, trunk)
    assert torch.equal(module.heads["a"].weight, critic)  # What the maker asks of it, the critic takes back.


@pytest.mark.parametrize("reentrant", [True, False])
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_checkpointed_activations_train_as_others_or_are_refused(optimization: Any, reentrant: bool) -> None:
    class Checkpointed(Toy):
        checkpoints = True

        @override
        def losses(self, batch: Any) -> Any:
            x, y = batch
            trunk, deep = cast(Any, self.trunk), cast(Any, self.deep)
            features = trunk[0](x)
            if self.checkpoints:
                features = checkpoint(trunk[1:], features, use_reentrant=reentrant)
                hidden = checkpoint(deep, features, use_reentrant=reentrant)
            else:
                hidden = deep(trunk[1:](features))
            return {task: (head(hidden)[:, 0] - y).square().mean() for task, head in self.heads.items()}

    def trained(checkpoints: bool) -> Any:
        torch.manual_seed(0)
        module = Checkpointed(lambda toy: torch.optim.SGD(toy.parameters(), 1e-2))
        module.deep = nn.Linear(8, 8)
        module.checkpoints = checkpoints
        fit(module, MultiTaskCallback(UPGrad(), optimization))
        return torch.cat([parameter.detach().flatten() for parameter in module.parameters()])

    if reentrant:
        with pytest.raises(MisconfigurationException, match="use_reentrant=False") as refused:
            trained(checkpoints=True)
        assert "if others come later" not in str(refused.value)
    else:
        assert torch.equal(trained(checkpoints=True), trained(checkpoints=False))


def test_what_was_found_while_something_was_frozen_is_found_anew() -> None:
    maker, critic = torch.nn.Linear(1, 1), torch.nn.Linear(1, 1)
    optimizers = [torch.optim.SGD(part.parameters()) for part in (maker, critic)]
    reach = Reach()
    maker.requires_grad_(False)
    reach.check({"a": critic(maker(torch.ones(1, 1))).sum()}, optimizers)
    maker.requires_grad_(True)
    made = critic(maker(torch.ones(1, 1))).sum()
    reach.check({"b": made}, optimizers)
    with pytest.raises(MisconfigurationException, match="'c' reaches the optimizers 1 "):
        reach.check({"b": made, "c": critic(torch.ones(1, 1)).sum()}, optimizers)


def test_embeddings_that_only_some_tasks_look_up_may_have_their_own_optimizer() -> None:
    class Looking(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.table = nn.Embedding(4, 8, sparse=True)

        def losses(self, batch: Any) -> dict[str, torch.Tensor]:
            looked_up = self.table(torch.arange(2)).square().mean()
            return {task: loss + looked_up * (task == "b") for task, loss in super().losses(batch).items()}

        def configure_optimizers(self) -> Any:
            dense = [*self.trunk.parameters(), *self.heads.parameters()]
            return torch.optim.Adam(dense, 1e-2), torch.optim.SparseAdam(self.table.parameters(), 1e-2)

    module = Looking()
    before = module.table.weight.detach().clone()
    fit(module, MultiTaskCallback(Sum()))
    moved = (module.table.weight != before).all(1)
    assert moved.tolist() == [True, True, False, False]
