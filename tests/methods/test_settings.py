"""Settings that are not given are those of the published code, and those that cannot be are refused."""

import math
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import MGDA, WeightedAggregator, Weighting
from torchjd.scalarization import FAMO, UW

from lightning_go4align import GO4Align, RobustGO4Align, methods
from lightning_go4align.functional.sharing import shrunk_to_group
from lightning_go4align.methods import (
    DBMTL,
    LDCMTL,
    NTKMTL,
    NTKMTLSR,
    UWSO,
    ExponentialMean,
    GradNorm,
    GroupedAggregator,
    LevelWithinSpread,
    LinearWarmup,
    RelativeHistory,
    Smoothness,
    WindowedDWA,
    WithLearningRate,
)
from lightning_go4align.methods.fields import method_fields
from lightning_go4align.methods.missing import impute_missing, supports_missing
from lightning_go4align.methods.observation import gradients_in
from lightning_go4align.methods.robust_launch import usual_parts

# The paper has beta in [1e-6, 1] and K per benchmark; the others are their papers' or their published code's.
DEFAULTS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "GO4Align": (GO4Align, {"num_groups": 2, "beta": 1e-4, "reduction": "sum"}),
    "Smoothness": (Smoothness, {"beta": 1e-4, "reduction": "sum"}),
    "RobustGO4Align": (RobustGO4Align, {"num_groups": None, "reach": 10.0, "history": None}),
    "ExponentialMean": (ExponentialMean, {"decay": 0.9}),
    "RelativeHistory": (RelativeHistory, {"beta": 1.0, "horizon": 100.0}),
    "LevelWithinSpread": (
        LevelWithinSpread,
        {"horizon": 100.0, "noise_horizon": 10.0, "least": 1.0, "most": 1.0, "floor": 1e-6, "outlier": 30.0},
    ),
    "DB-MTL": (DBMTL, {"beta": 0.9, "sigma": 0.0}),
    "GradNorm": (lambda: GradNorm(2), {"alpha": 1.5}),
    "LDC-MTL": (lambda: LDCMTL(2), {"penalty": 1.0, "width": 16}),
    "NTKMTL": (lambda: NTKMTL().weighting, {"exponent": 0.5}),
    "NTKMTL-SR": (NTKMTLSR, {"num_chunks": 4, "exponent": 0.5}),
    "UW-SO": (UWSO, {"temperature": 10.0}),
    "windowed DWA": (WindowedDWA, {"window": 25, "temperature": 2.0}),
    "a learning rate": (lambda: WithLearningRate(UW(2)), {"learning_rate": 0.025}),
}


@pytest.mark.parametrize("name", DEFAULTS)
def test_settings_that_are_not_given_are_the_references(name: str) -> None:
    make, expected = DEFAULTS[name]
    assert {setting: method_fields(make()).get(setting) for setting in expected} == expected


@pytest.mark.parametrize(
    ("make", "advice"),
    [
        (lambda: WindowedDWA(window=0), "`window` must be at least 1"),
        (lambda: Smoothness(reduction="max"), "`reduction` must be"),  # type: ignore[arg-type]  # what is refused
        (lambda: RelativeHistory(horizon=1), "`horizon` must be above 1"),
        (lambda: ExponentialMean(decay=-1.0), "`decay` must be a number of at least 0"),
        (lambda: ExponentialMean(decay=1.0), "`decay` must be below 1"),
        (lambda: LDCMTL(0), "`num_tasks` must be at least 1"),
        (lambda: LDCMTL(1, width=0), "`width` must be at least 1"),
        (lambda: LinearWarmup(steps=0), "`steps` must be at least 1"),
        (lambda: LinearWarmup(steps=1, start=-1.0), "`start` must be"),
        (lambda: LinearWarmup(steps=1, end=-1.0), "`end` must be"),
        (lambda: RobustGO4Align(reach=0.5), "`reach` must be at least 1"),
        (lambda: methods.WithLowerBounds(UW(2), [-math.inf, 0.0]), "`bounds` must be finite, but is -inf"),
    ],
)
def test_settings_that_cannot_be_are_refused(make: Callable[[], Any], advice: str) -> None:
    with pytest.raises(ValueError, match=advice):
        make()


@pytest.mark.parametrize("part", ["smoothing", "scale", "history", "normalization", "sharing"])
def test_a_part_that_cannot_be_called_is_refused(part: str) -> None:
    with pytest.raises(TypeError, match=f"`{part}` must be a function"):
        RobustGO4Align(**{part: 3.0})  # type: ignore[arg-type]  # what is refused


def test_the_smallest_settings_are_taken() -> None:
    features = torch.ones(1, 1, requires_grad=True)
    method = NTKMTLSR(num_chunks=1)
    method.observe_representation(features)  # As many rows as chunks.
    method(torch.stack([features.sum(), 2 * features.sum()]))
    assert method.task_weights is not None
    assert method.task_weights.tolist() == pytest.approx([5**0.5, 5**0.5 / 2])  # squared gradients 1 and 4
    assert RelativeHistory(horizon=1.5).horizon == 1.5
    assert RobustGO4Align(reach=1).reach == LDCMTL(1, width=1).width == WindowedDWA(window=1).window == 1


@pytest.mark.parametrize(
    "parts",
    [
        {"history": RelativeHistory()},
        {"normalization": lambda weights, scales: weights},
        {"scale": max},
        {"sharing": shrunk_to_group},
    ],
    ids=lambda parts: next(iter(parts)),
)
def test_a_step_with_a_part_of_its_own_is_no_single_launch(parts: dict[str, Any]) -> None:
    assert usual_parts(RobustGO4Align(2, **parts)) is None


def test_losses_in_the_place_of_missing_ones_have_the_dtype_of_the_others() -> None:
    losses = torch.tensor([2.0, math.nan], dtype=torch.float16)
    filled = impute_missing(losses, torch.tensor([3.0, 4.0], dtype=torch.float64))
    assert (filled.dtype, filled.tolist()) == (torch.float16, [2.0, 4.0])


def test_in_the_first_step_the_mean_of_the_others_is_in_the_place_of_a_missing_loss() -> None:
    assert impute_missing(torch.tensor([1.0, math.inf, 5.0]), None).tolist() == [1.0, 3.0, 5.0]


def test_the_present_name_of_an_attribute_comes_before_the_former_one() -> None:
    class Both(torch.nn.Module):
        supports_missing, skips_missing = True, False

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert supports_missing(Both())
    assert not supports_missing(FAMO(2))


def test_a_loss_that_does_not_depend_on_the_representation_has_no_gradient_in_it() -> None:
    features, other = torch.ones(2, 1, requires_grad=True), torch.ones((), requires_grad=True)
    gradients = gradients_in(features, torch.stack([features.sum(), other * 1]))
    assert gradients.squeeze(2).tolist() == [[1.0, 1.0], [0.0, 0.0]]


def test_a_reset_forgets_the_number_of_tasks() -> None:
    aggregator = GroupedAggregator(MGDA(), num_groups=3)
    aggregator(torch.eye(3))
    aggregator(torch.eye(3)[:2])  # One task is absent: each of the others has a group.
    aggregator.reset()
    with pytest.raises(ValueError, match=r"`num_groups` must lie in \[1, 2\]"):
        aggregator(torch.eye(3)[:2])


def test_what_an_aggregator_found_has_no_graph() -> None:
    class Norms(Weighting[Any]):
        def forward(self, matrix: Tensor, /) -> Tensor:
            norms: Tensor = matrix.norm(dim=1)
            return norms

    aggregator = GroupedAggregator(WeightedAggregator(Norms()), num_groups=2)
    aggregator(torch.tensor([[1.0, 0.0], [0.0, 2.0]], requires_grad=True))
    assert aggregator.indicators is not None
    assert not aggregator.indicators.requires_grad


@pytest.mark.parametrize(
    "method",
    [
        methods.SingleTask(1),
        methods.SingleTask("depth"),
        methods.FixedWeights([0.5, 2.0]),
        GradNorm(2, alpha=0.5),
        LDCMTL(2, penalty=0.5, width=3),
        DBMTL(beta=0.5, sigma=0.25),
        NTKMTLSR(num_chunks=3, exponent=0.25),
        UWSO(temperature=3.0),
        WindowedDWA(window=3, temperature=4.0),
        WithLearningRate(UW(2), learning_rate=0.5),
        LinearWarmup(steps=3, start=0.5, end=2.0),
    ],
    ids=repr,
)
def test_a_method_is_written_as_the_call_that_makes_it(method: Any) -> None:
    made = eval(repr(method), {**vars(methods), "UW": lambda shape: UW(shape)})
    assert method_fields(made) == method_fields(method)


def test_to_the_router_of_ldc_mtl_an_absent_task_is_one_that_has_not_moved() -> None:
    method = LDCMTL(num_tasks=3, penalty=0.0)
    torch.nn.init.normal_(method.router[-1].get_parameter("weight"), generator=torch.Generator().manual_seed(0))
    method(torch.tensor([1.0, 1.0, 1.0]))
    found = method(torch.tensor([0.5, 4.0, math.nan]))
    logs = torch.tensor([0.5, 4.0, 1.0]).log()
    weights = method.router(logs)[:2].softmax(0)
    torch.testing.assert_close(found, (weights * logs[:2]).sum())
