"""What holds of the metrics for any values, groups and maps, and any way to cut them into updates."""

from collections.abc import Iterable, Sequence
from random import Random
from typing import Any

import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from metric_examples import same, updated
from torch import Tensor
from torch.nn.functional import normalize

from lightning_go4align.benchmarks.dense_prediction.scores import SegmentationScores
from lightning_go4align.functional.agreement import moved_tasks, rand_indices, shared_group
from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank
from lightning_go4align.metrics.depth import BatchMeanDepthErrors, DepthErrors
from lightning_go4align.metrics.normals import NormalErrors

PROPERTY = settings(max_examples=40)
NAMES, METHODS = ["a", "b", "c"], ["LS", "UW", "GO4Align"]
NUMBERS = st.floats(-1e3, 1e3).filter(lambda x: abs(x) > 1e-3)
VALUES = st.fixed_dictionaries(dict.fromkeys(NAMES, NUMBERS))
EPOCHS = st.lists(VALUES, min_size=1, max_size=8)
GROUPS = st.integers(1, 5).flatmap(
    lambda m: st.lists(st.lists(st.integers(-1, 3), min_size=m, max_size=m), min_size=1, max_size=8).map(torch.tensor)
)
RANDOM = st.randoms(use_true_random=False)
CUTS = st.integers(0, 8)


def delta_m(names: Sequence[str] = NAMES) -> DeltaM:
    baseline = {"a": 2.0, "b": -3.0, "c": 0.5}
    return DeltaM({name: baseline[name] for name in names}, ["b"])


def singles(items: Iterable[Any]) -> list[tuple[Any]]:
    return [(item,) for item in items]


@PROPERTY
@given(EPOCHS, RANDOM, CUTS)
def test_the_order_of_updates_and_of_names_does_not_matter_to_delta_m(
    epochs: list[dict[str, float]], random: Random, cut: int
) -> None:
    expected = updated(delta_m(), singles(epochs)).compute()
    shuffled = random.sample(epochs, len(epochs))
    other = updated(delta_m(random.sample(NAMES, 3)), singles(shuffled))
    assert same(other.compute(), expected, rel=1e-5, abs=1e-2)  # changes of up to 1e5 %
    metric = updated(delta_m(), singles(epochs[:cut]))
    metric.merge_state(updated(delta_m(), singles(epochs[cut:])))
    assert same(metric.compute(), expected, rel=1e-5, abs=1e-2)


@PROPERTY
@given(EPOCHS, st.floats(1e-3, 1e3))
def test_delta_m_has_no_unit(epochs: list[dict[str, float]], unit: float) -> None:
    score = DeltaM({"a": 2.0 * unit, "b": -3.0 * unit, "c": 0.5 * unit}, ["b"])
    scaled = [({name: unit * value for name, value in epoch.items()},) for epoch in epochs]
    assert same(updated(score, scaled).compute(), updated(delta_m(), singles(epochs)).compute(), rel=1e-5, abs=1e-2)


@PROPERTY
@given(EPOCHS)
def test_delta_m_of_a_nan_is_nan_and_stays_so(epochs: list[dict[str, float]]) -> None:
    metric = updated(delta_m(), singles([{"a": float("nan"), "b": 1.0, "c": 1.0}, *epochs]))
    changes = metric.changes()  # type: ignore[operator]  # The metric is of any kind; this one has it.
    assert metric.compute().isnan()
    assert [bool(changes[name].isnan()) for name in NAMES] == [True, False, False]


@PROPERTY
@given(st.lists(st.tuples(st.sampled_from(METHODS), VALUES), min_size=1, max_size=8), CUTS, RANDOM)
def test_ranks_know_the_last_values_of_each_method_alone(
    updates: list[tuple[str, dict[str, float]]], cut: int, random: Random
) -> None:
    joint = updated(MeanRank(METHODS, NAMES, ["b"]), updates).compute()
    last = list(dict(updates).items())
    assert same(updated(MeanRank(METHODS, NAMES, ["b"]), random.sample(last, len(last))).compute(), joint)
    merged = updated(MeanRank(METHODS, NAMES, ["b"]), updates[:cut])
    merged.merge_state(updated(MeanRank(METHODS, NAMES, ["b"]), updates[cut:]))
    assert same(merged.compute(), joint)
    order = random.sample(range(3), 3)
    other = MeanRank([METHODS[index] for index in order], random.sample(NAMES, 3), ["b"])
    assert same(updated(other, updates).compute(), joint[order])


@PROPERTY
@given(EPOCHS, RANDOM)
def test_convergence_does_not_depend_on_the_order_of_names(epochs: list[dict[str, float]], random: Random) -> None:
    names = random.sample(NAMES, 3)
    one, other = (updated(ConvergenceDifference(n, ["b"]), singles(epochs)) for n in (NAMES, names))
    assert dict(zip(NAMES, one.epochs.tolist(), strict=True)) == dict(zip(names, other.epochs.tolist(), strict=True))  # type: ignore[operator]  # The metrics are of any kind; these have epochs.
    assert same(other.compute(), one.compute())


@PROPERTY
@given(GROUPS, RANDOM)
def test_shares_know_no_order_of_steps_and_no_names_of_groups(groups: Tensor, random: Random) -> None:
    size, order = groups.shape[1], random.sample(range(groups.shape[1]), groups.shape[1])
    shares = updated(CoAssignment(size), [(groups,)]).compute().reshape(size, size)
    renamed = torch.tensor([*random.sample(range(10), 4), -1])[groups]
    other = updated(CoAssignment(size), singles(renamed[random.sample(range(len(groups)), len(groups))]))
    assert same(other.compute().reshape(size, size), shares)
    permuted = updated(CoAssignment(size), [(groups[:, order],)]).compute().reshape(size, size)
    assert same(permuted, shares[order][:, order])


@PROPERTY
@given(GROUPS, CUTS, RANDOM)
def test_stability_knows_no_cut_no_names_of_groups_and_no_direction_of_time(
    groups: Tensor, cut: int, random: Random
) -> None:
    size = groups.shape[1]
    expected = updated(GroupStability(size), [(groups,)]).compute()
    merged = updated(GroupStability(size), [(groups[:cut],)])
    merged.merge_state(updated(GroupStability(size), [(groups[cut:],)]))
    assert same(merged.compute(), expected)
    renamed = torch.tensor([*random.sample(range(10), 4), -1])[groups]
    assert same(updated(GroupStability(size), singles(renamed)).compute(), expected)
    assert same(updated(GroupStability(size), singles(groups.flip(0))).compute(), expected)


@PROPERTY
@given(GROUPS, GROUPS)
def test_three_parts_merge_in_any_brackets(first: Tensor, second: Tensor) -> None:
    size = min(first.shape[1], second.shape[1])
    parts = [first[:, :size], second[:, :size], first[:, :size].flip(0)]
    left, right = ([updated(GroupStability(size), [(part,)]) for part in parts] for _ in range(2))
    left[0].merge_state(left[1])
    left[0].merge_state(left[2])
    right[1].merge_state(right[2])
    right[0].merge_state(right[1])
    assert same(left[0].compute(), right[0].compute())
    assert same(left[0].compute(), updated(GroupStability(size), singles(torch.cat(parts))).compute())


@PROPERTY
@given(GROUPS)
def test_agreement_of_pairs_is_symmetric_and_whole_with_itself(groups: Tensor) -> None:
    before, now = groups, groups.flip(0)
    torch.testing.assert_close(rand_indices(before, now), rand_indices(now, before), equal_nan=True)
    assert (rand_indices(groups, groups) == 1)[(groups >= 0).sum(-1) > 1].all()
    assert (shared_group(groups) == shared_group(groups).mT).all()
    assert torch.equal(moved_tasks(before, now), moved_tasks(now, before))
    assert not moved_tasks(groups, groups).any()


SEEDS = st.integers(0, 1000).map(lambda seed: torch.Generator().manual_seed(seed))


@PROPERTY
@given(SEEDS, st.integers(0, 6), st.floats(0.01, 100))
def test_depth_errors_know_no_cut_and_one_unit(generator: torch.Generator, cut: int, unit: float) -> None:
    target = (torch.randn(6, 3, generator=generator).abs() + 0.1) * (torch.rand(6, 3, generator=generator) > 0.2)
    prediction = torch.randn(6, 3, generator=generator)
    expected = updated(DepthErrors(), [(prediction, target)]).compute()
    cuts = [(prediction[:cut], target[:cut]), (prediction[cut:], target[cut:])]
    assert same(updated(DepthErrors(), cuts).compute(), expected)
    scaled = updated(DepthErrors(), [(unit * prediction, unit * target)]).compute()
    assert same(scaled, {"abs_err": unit * expected["abs_err"], "rel_err": expected["rel_err"]}, rel=1e-4)
    equal = [(prediction[:3], target[:3].abs() + 1), (prediction[3:], target[3:].abs() + 1)]
    assert same(updated(BatchMeanDepthErrors(), equal).compute(), updated(DepthErrors(), equal).compute())


@PROPERTY
@given(SEEDS, st.floats(0.01, 100))
def test_errors_of_normals_know_no_length_and_no_rotation(generator: torch.Generator, length: float) -> None:
    target = normalize(torch.randn(4, 3, 5, generator=generator).double(), dim=1)
    prediction = torch.randn(4, 3, 5, generator=generator).double()
    rotation = torch.linalg.qr(torch.randn(3, 3, generator=generator).double()).Q
    expected = updated(NormalErrors(), [(prediction, target)]).compute()
    assert same(updated(NormalErrors(), [(length * prediction, target)]).compute(), expected, abs=1.1e-3)  # one bin
    turned = [(rotation @ prediction[:1], rotation @ target[:1]), (rotation @ prediction[1:], rotation @ target[1:])]
    assert same(updated(NormalErrors(), turned).compute(), expected, abs=1.1e-3)


@PROPERTY
@given(SEEDS, RANDOM, st.integers(0, 4))
def test_segmentation_knows_no_cut_and_no_names_of_classes(
    generator: torch.Generator, random: Random, cut: int
) -> None:
    logits, labels = torch.randn(4, 3, 6, generator=generator), torch.randint(-1, 3, (4, 6), generator=generator)
    expected = updated(SegmentationScores(3), [(logits, labels)]).compute()
    cuts = [(logits[:cut], labels[:cut]), (logits[cut:], labels[cut:])]
    assert same(updated(SegmentationScores(3), cuts).compute(), expected)
    order = random.sample(range(3), 3)
    place = torch.tensor([order.index(0), order.index(1), order.index(2), -1])
    assert same(updated(SegmentationScores(3), [(logits[:, order], place[labels])]).compute(), expected)
