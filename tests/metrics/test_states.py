"""States that are merged, saved, loaded and shared."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from every_metric import EVERY_METRIC, METRICS
from metric_examples import EXAMPLES, make, same, updated
from torchmetrics import Metric, MetricCollection

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank

MERGED = pytest.mark.parametrize(
    "kind", [kind for kind in METRICS if kind is not ConvergenceDifference], ids=lambda kind: kind.__name__
)


def foreign(kind: type[Metric]) -> list[Metric]:
    """Metrics of the same class that were made with other arguments."""
    return [kind(*arguments) for arguments in EXAMPLES[kind.__name__].others]


@MERGED
@pytest.mark.parametrize("cut", [0, 1, 2, 4])
@pytest.mark.parametrize(
    "read", [lambda metric: metric, lambda metric: metric.metric_state], ids=["metric", "states"]
)
def test_a_merged_metric_has_seen_what_both_saw(kind: type[Metric], cut: int, read: Callable[..., Any]) -> None:
    example = EXAMPLES[kind.__name__]
    metric, later = (updated(make(kind), batches) for batches in (example.batches[:cut], example.batches[cut:]))
    if cut:
        metric.compute()  # what was computed before must not be returned after
    metric.merge_state(read(later))
    assert same(metric.compute(), example.expected(example.batches), abs=6e-4)


@MERGED
def test_a_merged_metric_goes_on_and_leaves_the_other_alone(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    metric, later = updated(make(kind), example.batches[:1]), updated(make(kind), example.batches[1:2])
    before = later.clone().metric_state
    metric.merge_state(later)
    assert same(updated(metric, example.batches[2:]).compute(), example.expected(example.batches), abs=6e-4)
    torch.testing.assert_close(later.metric_state, before, equal_nan=True)


def test_what_cannot_be_merged_says_why_and_stays_as_it_was() -> None:
    metric = updated(make(ConvergenceDifference), EXAMPLES["ConvergenceDifference"].batches)
    before = metric.clone().metric_state
    with pytest.raises(RuntimeError, match="Update one metric with every epoch"):
        metric.merge_state(make(ConvergenceDifference))
    torch.testing.assert_close(metric.metric_state, before)


@EVERY_METRIC
def test_only_its_like_is_merged_into_a_metric(kind: type[Metric]) -> None:
    metric, later = make(kind), updated(make(kind), EXAMPLES[kind.__name__].batches[:1])
    before = metric.clone().metric_state
    some = dict(list(later.metric_state.items())[:-1])
    for wrong in (None, [1.0], torch.ones(1), some, {**later.metric_state, list(later.metric_state)[-1]: None}):
        with pytest.raises(ValueError, match=r"Give|Make both with the same"):
            metric.merge_state(wrong)  # type: ignore[arg-type]  # No metric: what is refused here.
    for other in foreign(kind):
        with pytest.raises(ValueError, match=r"it comes from one with other arguments. Make both with the same"):
            metric.merge_state(other)
    torch.testing.assert_close(metric.metric_state, before, equal_nan=True)


def test_states_written_by_hand_need_not_say_what_the_metric_was_made_with() -> None:
    score = DeltaM({"error": 2.0})
    score.merge_state({"total": torch.tensor([6.0]), "count": torch.tensor(2)})
    assert (score.compute(), score.total.dtype) == (50, torch.float64)  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


def test_a_merged_state_brings_no_graph() -> None:
    score = DeltaM({"error": 1.0})
    score.merge_state({"total": torch.ones(1, requires_grad=True), "count": torch.tensor(1)})
    assert not score.total.requires_grad


def test_a_method_that_the_other_has_not_measured_keeps_its_values() -> None:
    here, there = MeanRank(["LS", "UW"], ["error"]), MeanRank(["LS", "UW"], ["error"])
    here.update("LS", {"error": 1.0})
    here.update("UW", {"error": 2.0})
    there.update("UW", {"error": 0.5})
    here.merge_state(there)
    assert here.values.tolist() == [[1.0], [0.5]]


def test_a_metric_of_the_same_states_but_another_class_is_not_merged() -> None:
    class Other(DeltaM):
        pass

    with pytest.raises(ValueError, match=r"A Other is merged with another .* but was given a DeltaM"):
        Other({"error": 2.0}).merge_state(DeltaM({"error": 2.0}))


@EVERY_METRIC
def test_states_are_saved_only_when_asked_for(kind: type[Metric]) -> None:
    assert updated(make(kind), EXAMPLES[kind.__name__].batches).state_dict() == {}


@EVERY_METRIC
def test_a_loaded_metric_goes_on_where_the_saved_one_was(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    saved, loaded = updated(make(kind), example.batches[:2]), make(kind)
    saved.persistent(True)
    loaded.persistent(True)
    checkpoint = saved.state_dict()
    before = {name: state.clone() for name, state in checkpoint.items()}
    loaded.load_state_dict(checkpoint)
    assert same(updated(loaded, example.batches[2:]).compute(), example.expected(example.batches), abs=6e-4)
    torch.testing.assert_close(dict(checkpoint), before, equal_nan=True)


@EVERY_METRIC
def test_states_of_other_arguments_are_not_loaded(kind: type[Metric]) -> None:
    metric = make(kind)
    metric.persistent(True)
    before = metric.clone().metric_state
    for other in foreign(kind):
        other.persistent(True)
        with pytest.raises(RuntimeError, match=r"it comes from one with other arguments. Make both with the same"):
            metric.load_state_dict(other.state_dict())
    torch.testing.assert_close(metric.metric_state, before, equal_nan=True)


def test_a_checkpoint_from_before_the_arguments_were_a_state_still_loads() -> None:
    difference = ConvergenceDifference(["u0", "gap"])
    difference.persistent(True)
    states = {"best": torch.tensor([1.0, 2.0]), "epochs": torch.tensor([3, 5]), "epoch": torch.tensor(5)}
    difference.load_state_dict(states)
    difference.update({"u0": 0.5, "gap": 2.0})
    assert (difference.epochs.tolist(), difference.best.dtype) == ([6, 5], torch.float64)
    ranks = MeanRank(["LS", "UW"], ["error"])
    ranks.persistent(True)
    ranks.load_state_dict({"values": torch.tensor([[2.0], [3.0]])})
    ranks.update("UW", {"error": 1.0})
    assert ranks.compute().tolist() == [2, 1]


NAMES = ["miou", "error"]
SHARING = [
    pytest.param([DeltaM({"miou": 4.0, "error": 4.0}), DeltaM({"error": 4.0, "miou": 4.0}, ["miou"])], id="DeltaM"),
    pytest.param([DeltaM({"miou": 4.0, "error": 4.0}), DeltaM({"miou": 4.0, "error": 1.0})], id="baseline"),
    pytest.param([ConvergenceDifference(NAMES), ConvergenceDifference(NAMES[::-1], ["miou"])], id="order"),
    pytest.param([ConvergenceDifference(NAMES), ConvergenceDifference(NAMES, ["miou"])], id="direction"),
    pytest.param([ConvergenceDifference(NAMES), ConvergenceDifference(NAMES, (), 0.6)], id="tolerance"),
]


@pytest.mark.parametrize("metrics", SHARING)
def test_metrics_of_other_arguments_do_not_mix_in_a_collection(metrics: Any) -> None:
    # Equal values at first, which is when a collection decides who shares states from then on.
    epochs = [{"miou": 1.0, "error": 1.0}, {"miou": 3.0, "error": 0.5}, {"miou": 2.0, "error": 0.2}]
    alone = {str(index): metric.clone() for index, metric in enumerate(metrics)}
    together = MetricCollection({name: metric.clone() for name, metric in alone.items()})
    for values in epochs:
        together.update(values)
        for metric in alone.values():
            metric.update(values)
    assert together.compute() == {name: metric.compute() for name, metric in alone.items()}


def test_ranks_of_other_orders_do_not_mix_in_a_collection() -> None:
    ranks = {"one": MeanRank(["LS", "UW"], NAMES, ["miou"]), "other": MeanRank(["UW", "LS"], NAMES[::-1])}
    together = MetricCollection(ranks)  # type: ignore[arg-type]  # A dictionary of a kind of metrics is one of metrics, but for mypy.
    for method, values in (("LS", {"miou": 1.0, "error": 1.0}), ("UW", {"miou": 3.0, "error": 2.0})):
        together.update(method, values)
    assert {name: rank.tolist() for name, rank in together.compute().items()} == {"one": [1.5, 1.5], "other": [2, 1]}


def test_equal_metrics_of_a_collection_are_updated_once() -> None:
    together = MetricCollection({"one": CoAssignment(3), "other": CoAssignment(3), "stability": GroupStability(3)})
    together.update(torch.tensor([0, 0, 1]))
    assert sorted(map(sorted, together.compute_groups.values())) == [["one", "other"], ["stability"]]


@EVERY_METRIC
def test_sums_are_kept_in_double_precision_and_counts_in_integers(kind: type[Metric]) -> None:
    states = make(kind).metric_state
    dtypes = {name: state.dtype for name, state in states.items() if isinstance(state, torch.Tensor)}
    assert set(dtypes.values()) <= {torch.float64, torch.int64, torch.bool}
    counts = {name: dtype for name, dtype in dtypes.items() if name in ("batches", "count", "counts", "measured")}
    assert set(counts.values()) <= {torch.int64}
