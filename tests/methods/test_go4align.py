import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from methods.go4align_steps import run

from lightning_go4align.clustering import AutomaticKMeans, ungrouped
from lightning_go4align.functional.indicators import Reduction
from lightning_go4align.methods import GO4Align

DATA = Path(__file__).parent.parent / "data"
TRACES = sorted(DATA.glob("go4align_*.npz"))


def cases() -> Iterator[Any]:
    for path in TRACES:
        with np.load(path) as trace:
            for num_groups in json.loads(bytes(trace["meta"]))["Ks"]:
                yield pytest.param(path, num_groups, id=f"{path.stem}-K{num_groups}")


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
