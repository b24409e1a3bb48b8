import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.functional.grouping import Grouping
from lightning_go4align.functional.indicators import Reduction, group_indicators, scale_vector, smoothness_vector
from lightning_go4align.functional.kmeans_torch import solve_by_torch
from lightning_go4align.methods import GO4Align

DATA = Path(__file__).parent.parent / "data"
TRACES = sorted(DATA.glob("go4align_*.npz"))
PROPERTY = settings(deadline=None, derandomize=True, max_examples=60, database=None)
IN_ONE_GRAPH = pytest.mark.skipif(
    torch.__version__ < (2, 11),  # type: ignore[operator]
    reason="earlier ones do not compile properties of named tuples without a break",
)
BETAS = [1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0, 10.0]


def cases() -> Iterator[Any]:
    for path in TRACES:
        with np.load(path) as trace:
            for num_groups in json.loads(bytes(trace["meta"]))["Ks"]:
                yield pytest.param(path, num_groups, id=f"{path.stem}-K{num_groups}")


def run(method: GO4Align, losses: Tensor) -> Iterator[Tensor]:
    """Weights, assignments, indicators and objectives of all steps."""
    rows = []
    for step in losses:
        objective = method(step)
        rows.append((method.task_weights, method.grouping.assignment, method.indicators, objective.double()))
    return map(torch.stack, zip(*rows, strict=True))


@pytest.mark.parametrize(("path", "num_groups"), list(cases()))
def test_authors_code_is_reproduced(path: Path, num_groups: int) -> None:
    with np.load(path) as archive:
        trace = {name: torch.from_numpy(archive[name]) for name in archive.files}
        beta = json.loads(bytes(archive["meta"]))["beta"]
    name = "K1" if num_groups == 1 else f"exact_K{num_groups}"
    weights, groups, indicators, totals = run(GO4Align(num_groups, beta), trace["losses"])
    expected = trace[f"{name}_centres"].double().gather(1, trace[f"{name}_ids"].long())
    # The tolerances that an independent implementation in float64 needed (float32 is the recording's).
    assert ((weights - expected).abs() <= 1e-5 * expected.amax(1, keepdim=True)).all()
    gold = trace["indicator"].double()
    assert ((indicators - gold).abs() <= 1e-5 * gold.amax(1, keepdim=True)).all()
    gaps = trace.get(f"{name}_gap", torch.ones(len(totals)))
    unique = gaps.nan_to_num(nan=1.0) > 1e-6
    if beta < 1:  # At 1 the recorded smoothness underflows to 0 and ours does not.
        assert torch.equal(groups[unique], trace[f"{name}_ids"].long()[unique])
        torch.testing.assert_close(totals, trace[f"{name}_total"].double(), rtol=1e-5, atol=0)


@pytest.mark.parametrize("path", [pytest.param(path, id=path.stem) for path in TRACES])
def test_smoothness_of_the_authors_code_is_reproduced(path: Path) -> None:
    with np.load(path) as archive:
        losses, expected = torch.from_numpy(archive["losses"]), torch.from_numpy(archive["q"]).double()
        meta = json.loads(bytes(archive["meta"]))
    method = GO4Align(1, meta["beta"])
    smoothness = torch.stack([method.smoothness for step in losses if method(step) is not None])
    assert ((smoothness - expected).abs() <= 1e-5 * expected.amax(1, keepdim=True)).all()


EDGES = json.loads((DATA / "edge_cases.json").read_text())["cases"]
REGULAR = [
    pytest.param(case, id=case["name"])
    for case in EDGES
    if all(0 < loss < 1e30 and loss > 1e-30 for step in case["losses"] for loss in step)
    and case["K"] <= len(case["losses"][0])
]


@pytest.mark.parametrize("case", REGULAR)
def test_positive_losses_at_the_edges_have_the_smoothness_of_float64(case: dict[str, Any]) -> None:
    method = GO4Align(case["K"], case["beta"])
    found = [method.smoothness.tolist() for step in case["losses"] if method(torch.tensor(step).float()) is not None]
    np.testing.assert_allclose(found, case["q_float64_softmax"], rtol=1e-6, atol=1e-300)


@pytest.mark.parametrize("value", [0.0, -0.5, math.nan, math.inf, -math.inf])
def test_loss_outside_the_domain_leaves_the_others_as_if_its_task_were_absent(value: float) -> None:
    with_bad, without = GO4Align(2, 0.1), GO4Align(2, 0.1)
    for step in ([1.0, 2.0], [0.5, 3.0], [2.0, 2.5]):
        with_bad(torch.tensor([step[0], value, step[1]]))
        without(torch.tensor(step))
    assert with_bad.grouping.assignment.tolist() == [
        without.grouping.assignment[0],
        -1,
        without.grouping.assignment[1],
    ]
    assert with_bad.task_weights[1] == 0


def test_loss_outside_the_domain_costs_its_task_nothing_later() -> None:
    disturbed, other = GO4Align(3, 0.1), GO4Align(3, 0.1)
    for step in ([1.0, 2.0, 3.0], [1.0, math.nan, 3.0], [1.0, 0.0, 3.0], [1.0, 2.0, 3.0]):
        disturbed(torch.tensor(step))
    for step in ([1.0, 2.0, 3.0], [1.0, 0.0, 3.0], [1.0, math.inf, 3.0], [1.0, 2.0, 3.0]):
        other(torch.tensor(step))
    expected = torch.tensor([-0.4, -0.4, -1.2], dtype=torch.float64)
    assert torch.equal(disturbed.log_smoothness, other.log_smoothness)
    torch.testing.assert_close(disturbed.log_smoothness, expected, rtol=1e-6, atol=0)


def test_gradient_of_an_absent_task_is_0_and_the_others_are_their_weights() -> None:
    method, losses = GO4Align(2, 0.1), torch.tensor([1.0, math.nan, 5.0], requires_grad=True)
    method(losses).backward()
    torch.testing.assert_close(losses.grad, method.task_weights.float())
    assert losses.grad[1] == 0


positive = st.lists(st.floats(1e-4, 1e4), min_size=2, max_size=9).map(
    lambda values: torch.tensor(values, dtype=torch.float64)
)
histories = st.integers(2, 8).flatmap(
    lambda size: st.lists(st.lists(st.floats(1e-3, 1e3), min_size=size, max_size=size), min_size=1, max_size=5).map(
        lambda rows: torch.tensor(rows, dtype=torch.float64)
    )
)


@PROPERTY
@given(histories, st.sampled_from([0.0, 1e-4, 0.01, 1.0]))
def test_weighted_sum_is_the_mean_loss_where_each_task_has_its_own_group(history: Tensor, beta: float) -> None:
    method = GO4Align(history.shape[1], beta, reduction="mean")
    for losses in history:
        objective = method(losses)
    torch.testing.assert_close(objective, losses.mean(), rtol=1e-9, atol=0)


@PROPERTY
@given(positive)
def test_without_memory_and_grouping_it_is_scale_invariant_scalarization(values: Tensor) -> None:
    losses = values.clone().requires_grad_()
    GO4Align(len(values), beta=0.0, reduction="mean")(losses).backward()
    expected = values.mean() / len(values) / values  # mean(L) / M times the gradient of the sum of logarithms.
    torch.testing.assert_close(losses.grad, expected, rtol=1e-9, atol=0)


@PROPERTY
@given(histories, st.integers(1, 8), st.sampled_from([1e-4, 0.1]))
def test_mean_reduction_is_the_sum_reduction_over_the_number_of_tasks(
    history: Tensor, num_groups: int, beta: float
) -> None:
    num_groups = min(num_groups, history.shape[1])
    by_sum, by_mean = GO4Align(num_groups, beta), GO4Align(num_groups, beta, reduction="mean")
    for losses in history:
        by_sum(losses)
        by_mean(losses)
    torch.testing.assert_close(by_mean.task_weights * history.shape[1], by_sum.task_weights, rtol=1e-9, atol=1e-300)


@PROPERTY
@given(histories, st.sampled_from([1e-4, 0.1]))
def test_one_group_is_a_plain_sum_times_the_mean_indicator(history: Tensor, beta: float) -> None:
    method = GO4Align(1, beta)
    for losses in history:
        method(losses)
    expected = method.indicators.mean().expand(history.shape[1])
    torch.testing.assert_close(method.task_weights, expected, rtol=1e-12, atol=0)


@PROPERTY
@given(histories, st.integers(1, 8), st.randoms(use_true_random=False))
def test_order_of_tasks_does_not_matter(history: Tensor, num_groups: int, random: Random) -> None:
    order = list(range(history.shape[1]))
    random.shuffle(order)
    num_groups = min(num_groups, len(order))
    straight, shuffled = GO4Align(num_groups, 0.01), GO4Align(num_groups, 0.01)
    for losses in history:
        straight(losses)
        shuffled(losses[order])
    torch.testing.assert_close(shuffled.task_weights, straight.task_weights[order], rtol=1e-9, atol=1e-300)


@PROPERTY
@given(histories, st.integers(1, 8), st.integers(-20, 20))
def test_unit_of_all_losses_does_not_matter_without_memory(history: Tensor, num_groups: int, exponent: int) -> None:
    num_groups = min(num_groups, history.shape[1])
    method, other = GO4Align(num_groups, 0.0), GO4Align(num_groups, 0.0)
    for losses in history:
        method(losses)
        other(losses * 2.0**exponent)  # A power of two moves no digit.
    assert torch.equal(other.task_weights, method.task_weights)


@PROPERTY
@given(histories, st.integers(1, 8))
def test_there_are_at_most_as_many_weights_as_groups(history: Tensor, num_groups: int) -> None:
    method = GO4Align(min(num_groups, history.shape[1]), 0.01)
    for losses in history:
        method(losses)
    assert len(method.task_weights.unique()) <= method.num_groups


def hostile(number: int, num_tasks: int, seed: int) -> Tensor:
    """Losses over all of float32, with ties, and a tenth of the kinds that break other code."""
    generator = torch.Generator().manual_seed(seed)
    exponents = torch.rand(number, 1, generator=generator) * 40
    losses = 10 ** ((torch.rand(number, num_tasks, generator=generator) - 0.5) * exponents)
    tied = torch.rand(number, 1, generator=generator) < 0.1
    losses = torch.where(tied, losses[:, :1], losses)
    kinds = torch.tensor([0.0, -1.0, 1e-40, 3e38, math.nan, math.inf, -math.inf])
    drawn = kinds[torch.randint(len(kinds), losses.shape, generator=generator)]
    return torch.where(torch.rand(losses.shape, generator=generator) < 0.1, drawn, losses)


def outlive(number: int, num_tasks: int, num_groups: int, beta: float) -> None:
    method = GO4Align(num_groups, beta)
    losses = hostile(number, num_tasks, seed=num_tasks)
    weights, groups, _, totals = run(method, losses)
    counted = (losses > 0) & losses.isfinite()
    assert weights.isfinite().all()
    assert (weights >= 0).all()
    assert ((groups >= 0) == counted).all()
    assert (weights[~counted] == 0).all()
    assert (groups < num_groups).all()
    assert totals.isnan().logical_not().all()
    assert method.log_smoothness.isfinite().all()
    assert math.isclose(method.smoothness.sum(), 1, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("num_tasks", "num_groups", "beta"), [(1, 1, 1e-4), (2, 2, 1e-4), (3, 2, 0.0), (5, 3, 10.0), (11, 5, 1e-4)]
)
def test_hostile_losses_never_poison_the_state(num_tasks: int, num_groups: int, beta: float) -> None:
    outlive(4_000, num_tasks, num_groups, beta)


def test_a_hundred_thousand_hostile_losses_are_survived_by_the_operations_of_an_accelerator() -> None:
    losses = hostile(100_000, 5, seed=5).double()
    states = -torch.rand(losses.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 1000

    def step(losses: Tensor, state: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        state = smoothness_vector(state, losses, 0.1)
        indicators = group_indicators(scale_vector(losses, "sum"), state.softmax(0))
        [(groups, weights)] = solve_by_torch(indicators, range(2, 3))
        return state, groups, Grouping(groups, weights).task_weights

    states, groups, weights = torch.vmap(step)(losses, states)
    assert states.isfinite().all()
    assert (weights.isfinite() & (weights >= 0)).all()
    assert torch.equal(groups >= 0, (losses > 0) & losses.isfinite())


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("beta", BETAS)
def test_hostile_losses_never_poison_the_state_at_any_beta(beta: float) -> None:
    outlive(100_000, 11, 5, beta)


@pytest.mark.parametrize("num_steps", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
def test_smoothness_survives_long_training_at_every_beta(num_steps: int) -> None:
    betas = torch.tensor(BETAS, dtype=torch.float64)[:, None]
    state = torch.zeros(len(BETAS), 3, dtype=torch.float64)
    losses = torch.rand(1000, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0)) * 10
    for step in range(num_steps):
        state = smoothness_vector(state, losses[step % 1000], betas)  # type: ignore[arg-type]
    smoothness = state.softmax(1)
    expected = (-betas * losses.sum(0) * (num_steps // 1000)).softmax(1)
    assert (smoothness >= 0).all()
    torch.testing.assert_close(smoothness.sum(1), torch.ones(len(BETAS), dtype=torch.float64))
    torch.testing.assert_close(smoothness[:6], expected[:6], rtol=1e-4, atol=1e-12)


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("beta", [BETAS[0], BETAS[-1]])
def test_weights_survive_a_million_steps(beta: float) -> None:
    method = GO4Align(num_groups=2, beta=beta)
    losses = torch.rand(1000, 3, generator=torch.Generator().manual_seed(0))
    for step in range(1_000_000):
        method(losses[step % 1000])
    assert method.task_weights.isfinite().all()
    assert math.isclose(method.smoothness.sum(), 1, rel_tol=1e-9)


@pytest.mark.parametrize(
    "losses",
    [
        pytest.param([3e38, 3e38, 1.0], id="largest"),
        pytest.param([1e-45, 1.0, 2.0], id="subnormal"),
        pytest.param([1e12, 1.0, 2.0], id="dominating"),
        pytest.param([0.7, 0.7, 0.7], id="equal"),
    ],
)
def test_gradient_stays_finite(losses: list[float]) -> None:
    given = torch.tensor(losses, requires_grad=True)
    GO4Align(2)(given).backward()
    assert given.grad.isfinite().all()


def test_one_task_has_weight_1() -> None:
    method = GO4Align(1)
    method(torch.tensor([0.3]))
    assert method.task_weights.item() == 1


def test_equal_losses_have_weight_1() -> None:
    method = GO4Align(2)
    method(torch.full((4,), math.log(2)))
    torch.testing.assert_close(method.task_weights, torch.ones(4, dtype=torch.float64))


def test_half_precision_losses_are_weighed_in_float32() -> None:
    method = GO4Align(2)
    objective = method(torch.tensor([1.0, 2.0, 300.0], dtype=torch.bfloat16))
    assert (objective.dtype, method.task_weights.dtype) == (torch.float32, torch.float64)


def test_default_dtype_does_not_reach_the_state() -> None:
    torch.set_default_dtype(torch.bfloat16)
    try:
        method = GO4Align(2)
        method(torch.tensor([1.0, 2.0, 4.0]))
    finally:
        torch.set_default_dtype(torch.float32)
    assert method.log_smoothness.dtype == torch.float64


def test_state_can_be_loaded_before_the_first_call() -> None:
    history = torch.rand(5, 4, generator=torch.Generator().manual_seed(0))
    method, resumed = GO4Align(2, 0.5), GO4Align(2, 0.5)
    for losses in history:
        method(losses)
    resumed.load_state_dict(method.state_dict())
    assert torch.equal(method(history[0]), resumed(history[0]))


def test_nothing_of_the_past_is_left_after_reset() -> None:
    method = GO4Align(None, 1.0, clustering=AutomaticKMeans())
    method(torch.tensor([1.0, 2.0]))
    method.reset()
    new = GO4Align(None, 1.0, clustering=AutomaticKMeans()).state_dict()
    assert method.state_dict().keys() == new.keys()
    assert all(torch.equal(method.state_dict()[name], value) for name, value in new.items())
    assert method(torch.tensor([1.0, 1.0, 1.0])) == 3


def test_parts_of_the_step_stay_on_an_accelerator() -> None:
    for method in (GO4Align(5), GO4Align(None, clustering=AutomaticKMeans()), GO4Align(clustering=ungrouped)):
        for _ in range(2):
            objective = method(torch.empty(11, device="meta"))  # There any read of a value is an error.
        assert objective.device.type == "meta"


def test_changed_number_of_tasks_is_refused_with_advice() -> None:
    method = GO4Align(2)
    method(torch.tensor([1.0, 2.0]))
    with pytest.raises(ValueError, match="Mark an absent task with NaN"):
        method(torch.tensor([1.0, 2.0, 3.0]))


def test_more_groups_than_tasks_are_refused_with_advice() -> None:
    with pytest.raises(ValueError, match=r"must lie in \[1, 2\], the number of tasks, but is .*Change it"):
        GO4Align(3)(torch.tensor([1.0, 2.0]))


@pytest.mark.parametrize(
    ("arguments", "advice"),
    [
        ({"num_groups": 0}, "`num_groups` must be at least 1"),
        ({"beta": -1.0}, "`beta` must be a number of at least 0"),
        ({"beta": math.nan}, "`beta` must be a number of at least 0"),
        ({"num_groups": "auto", "clustering": ungrouped}, "needs the exact solver"),
    ],
)
def test_bad_argument_is_refused_with_advice(arguments: dict[str, Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        GO4Align(**arguments)


@pytest.mark.parametrize("number", [np.int64(2), np.int32(2), np.uint8(2)], ids=lambda n: type(n).__name__)
def test_integers_of_numpy_are_numbers_of_groups(number: Any) -> None:
    method = GO4Align(num_groups=number)
    assert repr(method) == repr(GO4Align(num_groups=2))
    assert method(torch.tensor([1.0, 2.0, 3.0])).isfinite()


@pytest.mark.parametrize("number", [2.0, 2.5, True, "2", [2], np.float64(2)], ids=repr)
def test_what_is_no_integer_is_no_number_of_groups(number: Any) -> None:
    with pytest.raises(TypeError, match="`num_groups` must be an integer, but is"):
        GO4Align(num_groups=number)


@pytest.mark.parametrize("beta", [None, "0.1", True, [0.1]], ids=repr)
def test_what_is_no_number_is_no_temperature(beta: Any) -> None:
    with pytest.raises(TypeError, match="`beta` must be a number of at least 0, but is"):
        GO4Align(beta=beta)


def test_the_former_word_for_an_automatic_number_warns_and_gives_the_same() -> None:
    with pytest.warns(FutureWarning, match="clustering=AutomaticKMeans"):
        former = GO4Align("auto", 0.5)
    method = GO4Align(None, 0.5, clustering=AutomaticKMeans())
    for step in range(5):
        losses = torch.rand(7, generator=torch.Generator().manual_seed(step)) + 0.1
        assert torch.equal(former(losses), method(losses))


@pytest.mark.parametrize("losses", [[1.0, 2.0], (1.0, 2.0), {"a": 1.0}, 1.0, None, "ab"], ids=repr)
def test_losses_that_are_no_tensor_are_refused_with_advice(losses: Any) -> None:
    with pytest.raises(TypeError, match="`losses` must be a tensor of task losses, but is a"):
        GO4Align(1)(losses)


def test_no_loss_at_all_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one loss"):
        GO4Align(1)(torch.zeros(0))


@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("num_groups", [1, 2, 4])
@pytest.mark.parametrize("present", [4, 3, 2, 1])
def test_absent_tasks_do_not_shrink_the_weights_of_those_present(
    present: int, num_groups: int, reduction: Reduction
) -> None:
    losses = torch.full((4,), torch.nan)
    losses[:present] = 3.0
    method = GO4Align(num_groups, reduction=reduction)
    method(losses)
    expected = [1.0 if reduction == "sum" else 0.25] * present + [0.0] * (4 - present)
    assert method.task_weights.tolist() == pytest.approx(expected)


@pytest.mark.parametrize("fullgraph", [False, pytest.param(True, marks=IN_ONE_GRAPH)])
@pytest.mark.parametrize("make", [lambda: GO4Align(2), lambda: GO4Align(1, 0.3, "mean"), lambda: GO4Align(3, 0.5)])
def test_a_compiled_method_gives_what_the_eager_one_gives_step_by_step(
    make: Callable[..., Any], fullgraph: bool
) -> None:
    torch._dynamo.reset()
    eager, method = make(), make()
    compiled = torch.compile(method, backend="eager", fullgraph=fullgraph)
    for step in range(5):
        losses = torch.rand(5, generator=torch.Generator().manual_seed(step)) + 0.1
        torch.testing.assert_close(compiled(losses), eager(losses))  # type: ignore[no-untyped-call]
        torch.testing.assert_close(method.task_weights, eager.task_weights)
        assert torch.equal(method.grouping.assignment, eager.grouping.assignment)
    torch.testing.assert_close(method.log_smoothness, eager.log_smoothness)


def test_func_grad_gives_the_task_weights() -> None:
    losses = torch.tensor([1.0, 2.0, 8.0])
    method = GO4Align(2)
    method(losses)
    torch.testing.assert_close(torch.func.grad(GO4Align(2))(losses), method.task_weights.float())


def test_vmap_weighs_each_row_as_the_next_step_and_moves_no_state() -> None:
    rows = torch.rand(4, 3) + 0.1
    method = GO4Align(2, 0.5)
    method(torch.tensor([1.0, 2.0, 3.0]))
    before = method.log_smoothness.clone()
    found = torch.vmap(method)(rows)
    assert torch.equal(method.log_smoothness, before)
    for row, value in zip(rows, found, strict=True):
        alone = GO4Align(2, 0.5)
        alone.load_state_dict(method.state_dict())
        torch.testing.assert_close(alone(row), value)
