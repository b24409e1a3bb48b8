import io
import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from torch import Tensor
from torchjd.aggregation import MGDA
from torchjd.scalarization import DWA, FAMO, UW, Scalarizer, Sum
from torchjd.scalarization import GeometricMean as Geometric

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.methods import SI, CosineWarmup, LinearWarmup, WithFactors
from lightning_go4align.methods.state import full_state, load_full_state

LOSSES = torch.tensor([0.5, 2.0, 40.0])


def gradient(method: Scalarizer, losses: Tensor = LOSSES) -> Tensor:
    losses = losses.clone().requires_grad_()
    return torch.autograd.grad(method(losses), losses)[0]


@pytest.mark.parametrize("make", [Sum, SI, Geometric, lambda: UW(3), lambda: GO4Align(2), RobustGO4Align])
def test_factors_multiply_the_weights_of_the_method(make: Callable[..., Any]) -> None:
    found = gradient(WithFactors(make(), {0: 2.0, 2: 0.25}))
    torch.testing.assert_close(found, gradient(make()) * torch.tensor([2.0, 1.0, 0.25]))


@pytest.mark.parametrize("make", [SI, lambda: GO4Align(2), RobustGO4Align])
def test_a_coefficient_within_a_loss_is_undone_and_one_after_the_method_is_kept(make: Callable[..., Any]) -> None:
    coefficients = torch.tensor([1.0, 0.1, 1.0])
    within = gradient(make(), LOSSES * coefficients) * coefficients
    after = gradient(WithFactors(make(), [1.0, 0.1, 1.0]))
    share = after[1] / gradient(make())[1]
    assert share.item() == pytest.approx(0.1)
    assert within[1] / within[0] > 5 * after[1] / after[0]


@pytest.mark.parametrize("factor", [1e-8, 0.1, 1e8])
def test_a_factor_is_kept_to_the_last_digit_of_the_losses(factor: float) -> None:
    assert gradient(WithFactors(Sum(), {1: factor}), LOSSES.double())[1].item() == factor


@pytest.mark.parametrize("make", [Sum, SI, RobustGO4Align])
@pytest.mark.parametrize("factor", [1e-8, 1e8])
def test_a_factor_beyond_half_precision_leaves_no_loss_out(make: Callable[..., Any], factor: float) -> None:
    losses = LOSSES.half()
    method = WithFactors(make(), {1: factor})
    assert method(losses).item() == make()(losses).item()
    assert getattr(method.method, "task_weights", losses)[1] > 0


def test_a_factor_beyond_the_losses_precision_is_its_largest_number() -> None:
    assert gradient(WithFactors(Sum(), {1: 1e39}))[1] == torch.finfo(torch.float32).max


def test_the_objective_is_that_of_the_method() -> None:
    assert WithFactors(SI(), [0.1, 5.0, 1.0])(LOSSES) == SI()(LOSSES)


def test_weights_that_the_method_tells_are_the_final_ones() -> None:
    method = WithFactors(RobustGO4Align(), {1: 0.5})
    torch.testing.assert_close(gradient(method), method.task_weights.float())


def test_a_warm_up_grows_call_by_call() -> None:
    method = WithFactors(Sum(), {1: LinearWarmup(4)})
    assert [gradient(method)[1].item() for _ in range(6)] == [0.0, 0.25, 0.5, 0.75, 1.0, 1.0]


def test_a_function_of_the_step_is_a_schedule() -> None:
    method = WithFactors(Sum(), {0: lambda step: 2.0**-step})
    assert [gradient(method)[0].item() for _ in range(3)] == [1.0, 0.5, 0.25]


def test_a_cosine_warm_up_is_half_way_in_the_middle_and_flat_at_its_ends() -> None:
    warmup = CosineWarmup(100, start=1.0, end=3.0)
    assert warmup(50) == pytest.approx(2.0)
    assert warmup(1) - 1.0 < 0.001
    assert 3.0 - warmup(99) < 0.001
    assert warmup(100) == warmup(10_000) == 3.0


def test_tasks_are_found_by_their_names() -> None:
    method = WithFactors(Sum(), {"depth": 0.5})
    method.name_tasks(["segmentation", "depth", "normals"])
    assert gradient(method).tolist() == [1.0, 0.5, 1.0]


@pytest.mark.parametrize("make", [lambda: RobustGO4Align(2), lambda: GO4Align(2), SI])
def test_an_absent_task_keeps_weight_0(make: Callable[..., Any]) -> None:
    method = WithFactors(make(), [3.0, 2.0, 1.0])
    assert gradient(method, torch.tensor([1.0, math.nan, 5.0]))[1] == 0


@pytest.mark.parametrize("save", [lambda m: m.state_dict(), full_state])
@pytest.mark.parametrize("stop", [0, 1, 3])
def test_a_resumed_warm_up_goes_on_where_it_stopped(save: Callable[..., Any], stop: int) -> None:
    method, resumed = (WithFactors(RobustGO4Align(), {1: LinearWarmup(5)}) for _ in range(2))
    for _ in range(stop):
        gradient(method)
    file = io.BytesIO()
    torch.save(save(method), file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    resumed.load_state_dict(state) if save is not full_state else load_full_state(resumed, state)
    assert resumed.steps == stop
    assert torch.equal(gradient(resumed), gradient(method))


def test_a_warm_up_starts_anew_after_reset() -> None:
    method = WithFactors(DWA(), {0: LinearWarmup(2)})
    gradient(method)
    method.reset()
    assert gradient(method)[0] == 0


def test_the_step_stays_on_an_accelerator() -> None:
    method = WithFactors(RobustGO4Align(), {0: 0.5, 1: LinearWarmup(10)}).to("meta")
    for _ in range(2):
        assert method(torch.empty(3, device="meta")).device.type == "meta"


def test_vmap_counts_no_step() -> None:
    method = WithFactors(Sum(), {0: LinearWarmup(10)})
    torch.vmap(method)(torch.rand(4, 3))
    assert method.steps == 0


def test_yaml_names_factors_and_schedules() -> None:
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer)
    methods = "lightning_go4align.methods."
    schedule = {"class_path": methods + "CosineWarmup", "init_args": {"steps": 100}}
    config = {
        "class_path": methods + "WithFactors",
        "init_args": {"method": "torchjd.scalarization.Sum", "factors": {"kl": schedule, "area": 0.3}},
    }
    method = parser.instantiate(parser.parse_object({"method": config})).method
    method.name_tasks(["area", "kl"])
    assert gradient(method, torch.ones(2)).tolist() == pytest.approx([0.3, 0.0])
    assert repr(method.factors["kl"]) == "CosineWarmup(steps=100, start=0.0, end=1.0)"


@pytest.mark.parametrize(
    "factors", [{0: 0.5, 1: 2.0}, {"a": 0.5, 1: 2.0}, [0.5, 2.0]], ids=["numbers", "both", "list"]
)
def test_yaml_names_tasks_by_numbers_too(factors: Any) -> None:
    parser = ArgumentParser()
    parser.add_class_arguments(WithFactors, "method")
    given = {"method": "torchjd.scalarization.Sum", "factors": factors}
    method = parser.instantiate(parser.parse_object({"method": given})).method
    method.name_tasks(["a", "b"])
    assert gradient(method, torch.ones(2)).tolist() == [0.5, 2.0]


@pytest.mark.parametrize(
    ("make", "kind", "advice"),
    [
        (lambda: WithFactors(Sum(), {0: -1.0}), ValueError, r"`factors\[0\]` must be a number of at least 0"),
        (lambda: WithFactors(Sum(), {"a": "b"}), TypeError, r"`factors\['a'\]` must be a number"),  # type: ignore[dict-item]  # A word: what is refused here.
        (
            lambda: WithFactors(MGDA(), [1.0]),  # type: ignore[arg-type]  # An aggregator: what is refused here.
            TypeError,
            "multiply the loss itself by its factor",
        ),
        (lambda: WithFactors(Sum(), {3: 1.0})(LOSSES), ValueError, r"must name tasks of \[0, 2\]"),
        (lambda: WithFactors(Sum(), {"a": 1.0})(LOSSES), ValueError, "Which loss is 'a'"),
        (lambda: WithFactors(Sum(), {"a": 1.0}).name_tasks(["b"]), ValueError, "but the tasks are"),
        (lambda: WithFactors(Sum(), {0: lambda step: -1.0})(LOSSES), ValueError, "at least 0"),
        (lambda: LinearWarmup(0), ValueError, "`steps` must be at least 1"),
    ],
)
def test_what_is_no_factor_is_refused_with_advice(
    make: Callable[..., Any], kind: type[Exception], advice: str
) -> None:
    with pytest.raises(kind, match=advice):
        make()


def test_what_the_method_learns_is_learned_as_without_factors() -> None:
    with_factors, without = WithFactors(UW(3), [0.1, 1.0, 9.0]), UW(3)
    with_factors(LOSSES).backward()
    without(LOSSES).backward()
    assert torch.equal(with_factors.method.log_var.grad, without.log_var.grad)  # type: ignore[arg-type]  # It may be a tensor or a module.


def test_a_method_that_learns_after_the_step_sees_the_losses_themselves() -> None:
    method, alone = FAMO(3), FAMO(3)
    around = WithFactors(method, [0.1, 1.0, 9.0])
    for one in (around, alone):
        one(LOSSES)
    for one in (method, alone):
        one.update(LOSSES / 2)
    assert torch.equal(method._w, alone._w)
