"""What RobustGO4Align keeps between steps: nothing poisons it, and it resumes, resets and transforms."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from methods.robust_makers import MAKERS, PROPERTY, each_method, history, weigh
from torch import Tensor

from lightning_go4align import RobustGO4Align
from lightning_go4align.clustering import ungrouped

hostile = st.lists(
    st.lists(
        st.one_of(st.floats(), st.floats(-1e3, 1e3), st.sampled_from([0.0, -0.0, 1e-45, 3e38, -3e38, 1e308, -1e308])),
        min_size=3,
        max_size=3,
    ),
    min_size=1,
    max_size=12,
)


@each_method
@PROPERTY
@given(hostile)
def test_hostile_losses_poison_nothing(make: Callable[..., Any], rows: Tensor) -> None:
    method = make()
    for row in rows:
        losses = torch.tensor(row, dtype=torch.float64, requires_grad=True)
        objective = method(losses)
        if losses.isfinite().all():
            (gradient,) = torch.autograd.grad(objective, losses)
            assert gradient.isfinite().all()
        assert method.task_weights.isfinite().all()
        assert (method.task_weights >= 0).all()
    assert all(state.isfinite().all() for state in method.state_dict().values())


@pytest.mark.parametrize("sigma", [0.001, 0.1, 0.3])
def test_a_task_that_comes_late_leaves_the_weights_of_the_others(sigma: float) -> None:
    noise = np.random.default_rng(0).lognormal(sigma=sigma, size=(800, 3))
    losses = torch.from_numpy(noise * [1e-3, 1.0, 1e3])
    losses[:500, 2] = torch.nan
    alone, beside = RobustGO4Align(1, ungrouped), RobustGO4Align(1, ungrouped)
    ratios = [weigh(beside, row[None])[:2] / weigh(alone, row[None, :2]) for row in losses]
    # Of what the first two have in common ten times as much, at a noise of 0.1, was theirs at once.
    assert torch.stack(ratios).max() < 2
    assert torch.stack(ratios).min() > 0.5
    assert beside.task_weights[2] * losses[-1, 2] > 0.7


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_nothing_overflows_in_half_precision(dtype: torch.dtype) -> None:
    method = RobustGO4Align()
    for step in history([1e-6, 1e-3, 1.0, 6e4], steps=20).clamp(max=6e4):
        losses = step.to(dtype).requires_grad_()
        objective = method(losses)
        objective.backward()
        assert objective.isfinite()
        assert losses.grad.isfinite().all()
        assert (losses.grad > 0).all()


@each_method
def test_accelerators_and_the_host_weigh_alike(make: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    losses = history([1e-4, 1e-4, 1.0, 1e4], steps=60) - torch.tensor([0.0, 0.0, 0.5, 0.0])
    losses[10:20, 2] = torch.nan
    host, device = make(), make()
    for step in losses:
        host(step)
        with monkeypatch.context() as patch:
            for place in ("functional.arrays", "functional.grouping", "clustering.logarithmic"):
                patch.setattr(f"lightning_go4align.{place}.is_readable", lambda values: False)
            device(step)
        torch.testing.assert_close(device.task_weights, host.task_weights, rtol=1e-9, atol=0)
        assert torch.equal(device.grouping.assignment, host.grouping.assignment)


@each_method
def test_the_step_stays_on_an_accelerator(make: Callable[..., Any]) -> None:
    method = make()
    method.to("meta")
    for _ in range(2):
        objective = method(torch.empty(11, device="meta"))  # There any read of a value is an error.
    assert objective.device.type == "meta"


@each_method
@pytest.mark.parametrize("stop", [1, 2, 17])
def test_a_loaded_state_goes_on_to_the_bit(make: Callable[..., Any], stop: int) -> None:
    losses = history([1e-4, 1.0, 1e4, 1e4])
    method, resumed = make(), make()
    weigh(method, losses[:stop])
    resumed.load_state_dict(method.state_dict())
    assert torch.equal(weigh(resumed, losses[stop:]), weigh(method, losses[stop:]))


@each_method
def test_nothing_of_the_past_is_left_after_reset(make: Callable[..., Any]) -> None:
    losses = history([1e-4, 1.0, 1e4])
    method = make()
    weigh(method, history([1.0, 1.0]))
    method.reset()
    assert torch.equal(weigh(method, losses), weigh(make(), losses))


@pytest.mark.parametrize("make", [RobustGO4Align, MAKERS["with history"]])
def test_a_compiled_method_gives_what_the_eager_one_gives_step_by_step(make: Callable[..., Any]) -> None:
    torch._dynamo.reset()
    eager, method = make(), make()
    compiled = torch.compile(method, backend="eager", fullgraph=True)
    for step in history([1e-2, 1.0, 1.0, 40.0], steps=4):
        torch.testing.assert_close(compiled(step), eager(step))  # type: ignore[no-untyped-call]  # What torch compiled has no types.
        torch.testing.assert_close(method.task_weights, eager.task_weights)


def test_vmap_weighs_each_row_as_the_next_step_and_moves_no_state() -> None:
    losses = history([1.0, 5.0, 90.0])
    method = RobustGO4Align()
    weigh(method, losses[:5])
    before = {name: state.clone() for name, state in method.state_dict().items()}
    found = torch.vmap(method)(losses[5:8])
    assert all(torch.equal(method.state_dict()[name], state) for name, state in before.items())
    for row, value in zip(losses[5:8], found, strict=True):
        alone = RobustGO4Align()
        alone.load_state_dict(before)
        torch.testing.assert_close(alone(row), value)
