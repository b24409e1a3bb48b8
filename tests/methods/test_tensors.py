"""No tensor that a step depends on lies where a move of the method does not reach it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
import torch
from methods.test_reset import every_method, steps
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_go4align.methods.state import move_state, own_attributes

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]
#: What a method of ours tells of its last step, and no later step reads.
TOLD = {"grouping", "head_weights", "indicators", "last_factors", "task_weights"}


def tensors(value: Any) -> Iterator[Tensor]:
    """Every tensor in an attribute, those of an optimizer but for its counters, which torch keeps on the host."""
    if isinstance(value, Tensor):
        yield value
    if isinstance(value, Optimizer):
        states = value.state.values()
        value = [item for state in states for name, item in state.items() if name != "step"]
    if isinstance(value, dict):
        value = [*value.keys(), *value.values()]
    if isinstance(value, list | tuple):
        for item in value:
            yield from tensors(item)


def left_behind(method: nn.Module) -> set[tuple[str, str]]:
    """Class and name of each attribute that holds a tensor which is not on the meta device."""
    return {
        (type(part).__module__.partition(".")[0], name)
        for part in method.modules()
        for name, value in {**own_attributes(part), **part._buffers, **part._parameters}.items()
        if any(tensor.device.type != "meta" for tensor in tensors(value))
    }


@every_method
def test_what_is_no_buffer_of_our_methods_is_what_they_tell(make: Callable[[], Any], num_tasks: int) -> None:
    method = make()
    list(steps(method, num_tasks, 2))
    left = left_behind(method.to("meta"))
    assert {name for package, name in left if package == "lightning_go4align"} <= TOLD


@every_method
def test_every_tensor_moves_but_those_that_torchjd_keeps_on_the_host(make: Callable[[], Any], num_tasks: int) -> None:
    method = make()
    list(steps(method, num_tasks, 2))
    on_host = any(hasattr(part, "_phi_t") for part in method.modules())  # GradVac's, see `move_state`.
    move_state(method, torch.device("meta"))
    assert left_behind(method) == ({("torchjd", "_phi_t")} if on_host else set())
