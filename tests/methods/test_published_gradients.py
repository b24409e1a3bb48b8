"""The gradient-oriented baselines of TorchJD against the published code (``tests/data/gradients.npz``)."""

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torchjd.aggregation import IMTLG, MGDA, CAGrad, GradDrop, NashMTL, PCGrad

CVXPY_WARNS = pytest.mark.filterwarnings(
    "ignore:You are solving a parameterized problem that is not DPP", "ignore:Solution may be inaccurate"
)
DATA = Path(__file__).parent.parent / "data"


def cases(*left_out: str) -> list[Any]:
    with np.load(DATA / "gradients.npz") as archive:
        listed = json.loads(bytes(archive["meta"]))["cases"]
    return [pytest.param(case, id=f"{case['kind']}-M{case['M']}") for case in listed if case["kind"] not in left_out]


def read(case: dict[str, Any], name: str) -> Tensor:
    with np.load(DATA / "gradients.npz") as archive:
        return torch.from_numpy(archive[f"{case['key']}_{name}"])


def distance(found: Tensor, expected: Tensor) -> float:
    return float((found - expected).norm() / expected.norm())


@pytest.mark.parametrize("case", cases())
def test_pcgrad_is_the_published_one_for_the_same_orders(
    case: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    generator, order = random.Random(case["seed"]), list(range(case["M"]))
    orders = [generator.shuffle(order) or torch.tensor(order) for _ in order]  # type: ignore[func-returns-value]  # Called for what it does.
    monkeypatch.setattr(torch, "randperm", lambda size: orders.pop(0))
    assert distance(PCGrad()(read(case, "J")), read(case, "pcgrad")) < 1e-6


@pytest.mark.parametrize("case", cases())
def test_graddrop_is_the_published_one_before_its_clipping(case: dict[str, Any]) -> None:
    torch.manual_seed(case["seed"])
    gradient = GradDrop()(read(case, "J"))
    assert distance(gradient / gradient.norm().clamp(min=1), read(case, "graddrop")) < 1e-6


@pytest.mark.parametrize("case", cases("tiny"))
def test_cagrad_is_the_published_one_times_a_constant(case: dict[str, Any]) -> None:
    gradient = CAGrad(c=0.4)(read(case, "J"))
    tolerance = 0.05 if case["kind"] == "scaled" else 0.005  # Another solver of the same convex problem.
    assert distance(gradient * case["M"] / (1 + 0.4**2), read(case, "cagrad")) < tolerance


@pytest.mark.parametrize("case", [case for case in cases() if case.id.startswith("tiny")])
def test_cagrad_of_tiny_gradients_needs_a_smaller_threshold(case: dict[str, Any]) -> None:
    jacobian = read(case, "J")
    assert CAGrad(c=0.4)(jacobian).norm() == 0
    patient = CAGrad(c=0.4, norm_eps=1e-9)
    assert distance(patient(jacobian), patient(jacobian * 1e4) / 1e4) < 1e-5


# The gradients of a low rank, and those of scales far apart, have no well-conditioned solution.
@pytest.mark.parametrize("case", [case for case in cases("lowrank") if case.id != "scaled-M11"])
def test_imtl_g_is_the_published_one(case: dict[str, Any]) -> None:
    assert distance(IMTLG()(read(case, "J")), read(case, "imtl")) < 1e-4


@CVXPY_WARNS
@pytest.mark.parametrize("case", cases())
def test_nash_mtl_is_the_published_one(case: dict[str, Any]) -> None:
    tolerance = 0.05 if case["kind"] == "tiny" else 1e-5  # There ECOS stops at its own tolerance.
    assert distance(NashMTL(n_tasks=case["M"])(read(case, "J")), read(case, "nashmtl")) < tolerance


@pytest.mark.parametrize("case", cases("scaled"))
def test_mgda_with_the_published_tolerance_is_nearly_as_short(case: dict[str, Any]) -> None:
    gradient = MGDA(epsilon=1e-5, max_iters=250)(read(case, "J")) * case["M"]
    assert gradient.norm() < 1.1 * read(case, "mgda").norm()


@pytest.mark.parametrize("case", [case for case in cases("scaled", "lowrank", "tiny") if "M11" not in case.id])
def test_mgda_is_the_published_one_over_the_number_of_tasks_once_it_converges(case: dict[str, Any]) -> None:
    gradient = MGDA(epsilon=1e-7, max_iters=1000)(read(case, "J"))
    assert distance(gradient * case["M"], read(case, "mgda")) < 0.03


@pytest.mark.parametrize("case", [case for case in cases() if case.id.startswith("toy")])
def test_heads_of_the_published_imtl_g_are_scaled_by_its_weights(case: dict[str, Any]) -> None:
    torch.testing.assert_close(read(case, "imtl_headscale"), IMTLG().weighting(read(case, "J")), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("case", [case for case in cases() if case.id in ("toy-M3", "toy-M5")])
def test_heads_of_the_published_mgda_are_scaled_by_its_weights_times_the_number_of_tasks(
    case: dict[str, Any],
) -> None:
    weights = MGDA(epsilon=1e-7, max_iters=1000).weighting(read(case, "J")) * case["M"]
    torch.testing.assert_close(read(case, "mgda_headscale"), weights, rtol=1e-2, atol=0)


@CVXPY_WARNS
@pytest.mark.parametrize("case", [case for case in cases() if case.id.startswith("toy")])
def test_heads_of_the_published_nash_mtl_are_scaled_by_its_weights_before_clipping(case: dict[str, Any]) -> None:
    weights = NashMTL(n_tasks=case["M"], max_norm=0.0).weighting(read(case, "J"))
    torch.testing.assert_close(read(case, "nashmtl_headscale"), weights, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("method", ["pcgrad", "cagrad", "graddrop"])
@pytest.mark.parametrize("case", [case for case in cases() if case.id.startswith("toy")])
def test_heads_of_the_other_published_methods_keep_the_gradient_of_the_sum(case: dict[str, Any], method: str) -> None:
    torch.testing.assert_close(read(case, f"{method}_headscale"), torch.ones(case["M"]), rtol=1e-6, atol=0)
