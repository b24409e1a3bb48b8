"""What a method draws is its own business, and what others draw is theirs."""

from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import GradDrop
from torchjd.scalarization import Random, Sum
from toy import Batch, Toy, fitted, loader, quiet_trainer, weights_of
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization
from lightning_go4align.update.random_stream import RandomStream


class Noisy(Toy):
    """Draws in its step, as dropout does, and notes what."""

    def __init__(self, numbers: int) -> None:
        super().__init__()
        self.numbers, self.drawn = numbers, list[Tensor]()

    @override
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        self.drawn.append(torch.rand(self.numbers))
        return super().losses(batch)


def weights(numbers: int, seed: int = 0) -> Tensor:
    torch.manual_seed(seed)
    module, callback = Noisy(numbers), MultiTaskCallback(Random())
    torch.manual_seed(seed)
    quiet_trainer(callbacks=callback).fit(module, loader())
    return weights_of(callback)


def test_the_weights_that_a_method_draws_do_not_depend_on_what_the_model_draws() -> None:
    assert torch.equal(weights(numbers=1), weights(numbers=50))


def test_the_seed_decides_what_a_method_draws() -> None:
    assert torch.equal(weights(1, seed=0), weights(1, seed=0))
    assert not torch.equal(weights(1, seed=0), weights(1, seed=1))


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize("method", [Random, GradDrop])
def test_the_model_draws_the_same_under_every_method(method: Any, optimization: Optimization) -> None:
    modules = [Noisy(5), Noisy(5)]
    for module, make in zip(modules, (method, Sum), strict=True):
        fitted(make(), module, optimization)
    assert torch.equal(torch.stack(modules[0].drawn), torch.stack(modules[1].drawn))


def test_two_runs_of_one_process_draw_differently() -> None:
    torch.manual_seed(0)
    seen = []
    for _ in range(2):
        callback = MultiTaskCallback(Random())
        quiet_trainer(callbacks=callback, max_epochs=1).fit(Toy(), loader())
        seen.append(weights_of(callback))
    assert not torch.equal(seen[0], seen[1])


def test_draws_follow_each_other_as_those_of_one_generator() -> None:
    stream, generator = RandomStream(seed=3), torch.Generator().manual_seed(3)
    found = [stream.draw(torch.device("cpu"), torch.rand, 2) for _ in range(3)]
    assert torch.equal(torch.stack(found), torch.stack([torch.rand(2, generator=generator) for _ in range(3)]))
