"""A method compiles in place; what ``torch.compile`` puts around one is refused with that advice."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest
import torch
from torchjd.aggregation import MGDA
from torchjd.scalarization import UW, Sum
from toy import BalancedToy, Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, GroupedAggregator, GroupedScalarizer, MultiTaskCallback, RobustGO4Align
from lightning_go4align.methods import WeightedHeads, WithFactors, WithLowerBounds


def compiled(method: torch.nn.Module) -> Any:
    return torch.compile(method, backend="eager")


@pytest.mark.filterwarnings("ignore:The .grad attribute of a Tensor")  # Of dynamo itself.
@pytest.mark.parametrize("make", [RobustGO4Align, GO4Align, lambda: WithFactors(UW(3), {"a": 0.5})])
def test_a_method_that_is_compiled_in_place_weighs_and_learns_as_it_does_uncompiled(make: Callable[[], Any]) -> None:
    torch._dynamo.reset()
    callbacks = [MultiTaskCallback(make()), MultiTaskCallback(make())]
    modules = [Toy()]
    modules.append(deepcopy(modules[0]))
    callbacks[0].method.compile(backend="eager")
    for callback, module in zip(callbacks, modules, strict=True):
        quiet_trainer(callbacks=callback, max_epochs=3).fit(module, loader())
    torch.testing.assert_close(callbacks[0].task_weights, callbacks[1].task_weights)
    torch.testing.assert_close(callbacks[0].method.state_dict(), callbacks[1].method.state_dict())
    torch.testing.assert_close(modules[0].state_dict(), modules[1].state_dict())
    torch._dynamo.reset()


@pytest.mark.parametrize(
    "door",
    [
        pytest.param(lambda: MultiTaskCallback(compiled(RobustGO4Align())), id="callback"),
        pytest.param(lambda: MultiTaskCallback(compiled(MGDA())), id="callback, aggregator"),
        pytest.param(lambda: BalancedToy(compiled(Sum())), id="module"),
        pytest.param(lambda: GroupedScalarizer(compiled(Sum())), id="groups"),
        pytest.param(lambda: WithFactors(compiled(Sum()), [1.0]), id="factors"),
        pytest.param(lambda: WithLowerBounds(compiled(Sum()), [0.0]), id="lower bounds"),
        pytest.param(lambda: GroupedAggregator(compiled(MGDA())), id="groups of an aggregator"),
        pytest.param(lambda: WeightedHeads(compiled(MGDA())), id="heads"),
    ],
)
def test_what_is_put_around_a_method_by_torch_compile_is_refused(door: Callable[[], Any]) -> None:
    with pytest.raises(TypeError, match=r"Compile it in place: `method\.compile\(\)`, and pass `method`\."):
        door()
