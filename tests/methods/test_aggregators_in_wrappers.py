"""Each wrapper of scalarizers says what can be done for an aggregator."""

from typing import Any

import pytest
from torchjd.aggregation import UPGrad

from lightning_go4align.methods import GroupedScalarizer, WithFactors, WithLearningRate, WithLowerBounds


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda method: WithFactors(method, {"kl": 0.5}), "multiply the loss itself by its factor"),
        (lambda method: WithLowerBounds(method, [0.0]), "A bound changes no gradient: leave `WithLowerBounds` out"),
        (WithLearningRate, "use it without `WithLearningRate`"),
        (GroupedScalarizer, "by `GroupedAggregator`"),
    ],
)
def test_each_wrapper_says_what_is_possible(make: Any, advice: str) -> None:
    with pytest.raises(TypeError, match=advice) as refused:
        make(UPGrad())
    assert ("GroupedAggregator" in str(refused.value)) == (make is GroupedScalarizer)
