"""CR-MOGM averages the weights of any aggregator over the steps."""

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import MGDA, ConFIG, GradVac

from lightning_go4align.methods import CRMOGM, GroupedAggregator, WeightedHeads


def jacobian(seed: int) -> Tensor:
    return torch.randn(3, 5, generator=torch.Generator().manual_seed(seed))


def test_weights_are_the_exponential_mean_of_the_aggregators() -> None:
    aggregator, plain = CRMOGM(MGDA(), alpha=0.75), MGDA()
    first, second = plain.weighting(jacobian(0)), plain.weighting(jacobian(1))
    torch.testing.assert_close(aggregator(jacobian(0)), first @ jacobian(0))
    torch.testing.assert_close(aggregator(jacobian(1)), (0.75 * first + 0.25 * second) @ jacobian(1))


@pytest.mark.parametrize("make", [GradVac, lambda: GroupedAggregator(GradVac())], ids=["GradVac", "grouped"])
def test_reset_reaches_what_the_aggregator_within_remembers(make: type) -> None:
    torch.manual_seed(0)
    aggregator = CRMOGM(WeightedHeads(make()))
    first = [aggregator(jacobian(seed)) for seed in range(3)]
    aggregator.reset()
    torch.manual_seed(0)
    assert all(torch.equal(aggregator(jacobian(seed)), before) for seed, before in enumerate(first))


def test_heads_follow_the_weights_where_those_of_the_aggregator_within_do() -> None:
    assert [CRMOGM(MGDA()).weighs_heads, CRMOGM(WeightedHeads(MGDA())).weighs_heads] == [False, True]


def test_alpha_of_one_would_never_learn() -> None:
    with pytest.raises(ValueError, match="`alpha`"):
        CRMOGM(MGDA(), alpha=1.0)


def test_an_aggregator_without_weights_is_refused() -> None:
    with pytest.raises(TypeError, match="must have weights, but ConFIG"):
        CRMOGM(ConFIG())
