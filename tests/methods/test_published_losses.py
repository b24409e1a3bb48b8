"""The loss-oriented baselines against traces of the published code (``tests/data/baselines_*``)."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor
from torchjd.scalarization import DWA, FAMO, UW, GeometricMean, Random, Scalarizer, Sum

from lightning_go4align.methods import SI, WindowedDWA
from lightning_go4align.methods.learning import parameter_groups

DATA = Path(__file__).parent.parent / "data"


@pytest.fixture(params=[pytest.param(path, id=path.stem) for path in sorted(DATA.glob("baselines_*.npz"))])
def trace(request: pytest.FixtureRequest) -> dict[str, Any]:
    with np.load(request.param) as archive:
        meta = json.loads(bytes(archive["meta"]))
        arrays = {name: torch.from_numpy(archive[name]) for name in archive.files if name != "meta"}
    with np.load(DATA / meta["source"]) as archive:
        return arrays | {"losses": torch.from_numpy(archive["losses"])[: meta["T"]], "seed": meta["seed"]}


def weights_and_total(method: Scalarizer, losses: Tensor) -> tuple[Tensor, Tensor]:
    losses = losses.clone().requires_grad_()
    objective = method(losses)
    return torch.autograd.grad(objective, losses)[0], objective.detach()


def assert_trace(found: Sequence[Tensor], expected: Tensor) -> None:
    torch.testing.assert_close(torch.stack([*found]).double(), expected.double(), rtol=1e-5, atol=1e-7)


def test_sum_is_the_published_linear_scalarization(trace: dict[str, Any]) -> None:
    weights, totals = zip(*[weights_and_total(Sum(), losses) for losses in trace["losses"]], strict=True)
    assert_trace(totals, trace["ls_total"])
    assert_trace(weights, torch.ones_like(trace["losses"]))


def test_si_is_the_published_one(trace: dict[str, Any]) -> None:
    weights, totals = zip(*[weights_and_total(SI(), losses) for losses in trace["losses"]], strict=True)
    assert_trace(totals, trace["si_total"])
    assert_trace(weights, 1 / trace["losses"])


def test_random_draws_the_published_weights_from_the_same_seed(trace: dict[str, Any]) -> None:
    torch.manual_seed(trace["seed"])
    weights, totals = zip(*[weights_and_total(Random(), losses) for losses in trace["losses"]], strict=True)
    assert_trace(weights, trace["rlw_w"])
    assert_trace(totals, trace["rlw_total"])


def test_windowed_dwa_is_the_published_one(trace: dict[str, Any]) -> None:
    method, found = WindowedDWA(), []
    for losses in trace["losses"]:
        _, total = weights_and_total(method, losses)
        found.append((len(losses) * method.task_weights, total))  # The published objective is the mean.
    weights, totals = zip(*found, strict=True)
    assert_trace(weights, trace["dwa_w"])
    assert_trace(totals, trace["dwa_total"])


def test_uw_with_its_own_learning_rate_is_the_published_one(trace: dict[str, Any]) -> None:
    method = UW(trace["losses"].shape[1])
    optimizer = torch.optim.Adam(parameter_groups(method), lr=1.0)
    weights, totals = [], []
    for losses in trace["losses"]:
        weights.append(torch.exp(-method.log_var.detach()))
        objective = method(losses)
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()
        totals.append(objective.detach())
    assert_trace(weights, trace["uw_expneglogsigma"])
    assert_trace(totals, trace["uw_total"])


def famo_trace(trace: dict[str, Any], weight_decay: float) -> tuple[list[Tensor], list[Tensor]]:
    losses = trace["losses"]
    method = FAMO(losses.shape[1], weight_decay=weight_decay)
    logits, totals = [], []
    for before, after in zip(losses, [*losses[1:], None], strict=True):
        logits.append(method._w.detach().softmax(0))
        totals.append(method(before))
        if after is not None:
            method.update(after)
    return logits, totals


def test_famo_with_the_published_weight_decay_is_the_published_one(trace: dict[str, Any]) -> None:
    logits, totals = famo_trace(trace, weight_decay=1e-5)
    assert_trace(logits, trace["famo_z"])
    assert_trace(totals, trace["famo_total"])


def test_famo_with_the_default_weight_decay_of_its_paper_is_another(trace: dict[str, Any]) -> None:
    logits, _ = famo_trace(trace, weight_decay=1e-3)
    assert (torch.stack(logits) - trace["famo_z"]).abs().max() > 1e-4


def test_famo_weighs_by_its_logits_over_the_losses(trace: dict[str, Any]) -> None:
    method = FAMO(trace["losses"].shape[1])
    weights, _ = weights_and_total(method, trace["losses"][0])
    expected = 1 / (trace["losses"][0] + 1e-8)
    torch.testing.assert_close(weights, expected / expected.sum())


def test_geometric_mean_is_si_times_a_factor_that_grows_with_the_mean() -> None:
    losses = torch.tensor([0.5, 4.0, 32.0])
    geometric, _ = weights_and_total(GeometricMean(), losses)
    invariant, _ = weights_and_total(SI(), losses)
    torch.testing.assert_close(geometric, invariant * 4.0 / 3)  # exp(mean log L) / M


def test_dwa_by_epochs_compares_the_last_two_epochs_and_sums() -> None:
    method = DWA(temperature=2.0)
    for epoch in ([2.0, 2.0], [2.0, 1.0]):
        method(torch.tensor(epoch))
        method.step()
    weights, total = weights_and_total(method, torch.tensor([3.0, 5.0]))
    expected = 2 * torch.tensor([0.5, 0.25]).softmax(0)
    torch.testing.assert_close(weights, expected)
    torch.testing.assert_close(total, (expected * torch.tensor([3.0, 5.0])).sum())
