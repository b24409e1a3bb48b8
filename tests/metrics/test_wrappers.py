"""What torchmetrics builds out of metrics, around ours."""

import pytest
import torch
from every_metric import EVERY_METRIC, METRICS
from metric_examples import EXAMPLES, make, same, updated
from torchmetrics import Metric, MetricCollection, MetricTracker
from torchmetrics.wrappers import BootStrapper, ClasswiseWrapper, MinMaxMetric, MultitaskWrapper, Running

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, MeanRank

BY_UPDATE = pytest.mark.parametrize("call", ["update", "forward"])
OF_SUMS = [kind for kind in METRICS if not kind.full_state_update]
OF_MAPS = [kind for kind in OF_SUMS if len(EXAMPLES[kind.__name__].batches[0]) == 2]


@EVERY_METRIC
@BY_UPDATE
def test_two_alike_in_a_collection_find_what_each_finds_alone(kind: type[Metric], call: str) -> None:
    example = EXAMPLES[kind.__name__]
    together = MetricCollection({"first": make(kind), "second": make(kind)}, prefix="val/").clone(postfix="/all")
    for batch in example.batches:
        getattr(together, call)(*batch)
    expected = example.expected(example.batches)
    found = together.compute()
    named = expected if isinstance(expected, dict) else {"": expected}
    for member in ("first", "second"):
        for name, value in named.items():
            assert same(found[f"val/{member}{'_' if name else ''}{name}/all"], value, abs=6e-4)


@EVERY_METRIC
def test_a_collection_that_was_reset_knows_nothing_of_before(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    together = MetricCollection({"first": make(kind), "second": make(kind)})
    together.update(*example.batches[0])
    together.reset()
    for batch in example.batches[1:]:
        together.update(*batch)
    assert same(together["second"].compute(), example.expected(example.batches[1:]), abs=6e-4)


@EVERY_METRIC
def test_a_tracker_keeps_every_epoch(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    tracker = MetricTracker(make(kind), maximize=False)
    for batch in example.batches:
        tracker.increment()
        tracker.update(*batch)
    found = tracker.compute_all()
    epochs = [
        {name: found[name][epoch] for name in found} if isinstance(found, dict) else found[epoch] for epoch in (0, 1)
    ]
    assert all(
        same(value, example.expected([batch]), abs=6e-4)
        for value, batch in zip(epochs, example.batches[:2], strict=True)
    )


@EVERY_METRIC
def test_a_tracker_maximizes_what_is_better_when_higher(kind: type[Metric]) -> None:
    if kind.higher_is_better is None:
        with pytest.raises(AttributeError, match="Please provide the `maximize` argument"):
            MetricTracker(make(kind))
    else:
        assert MetricTracker(make(kind)).maximize is kind.higher_is_better


@pytest.mark.parametrize("kind", [DeltaM, ConvergenceDifference])
def test_a_tracker_finds_the_best_epoch(kind: type[Metric]) -> None:
    tracker = MetricTracker(make(kind))
    runs = [EXAMPLES[kind.__name__].batches[:length] for length in (2, 4, 1)]
    scores = [EXAMPLES[kind.__name__].expected(run) for run in runs]
    for run in runs:
        tracker.increment()
        updated(tracker[-1], run)  # type: ignore[arg-type]  # A tracker's items are metrics or collections of them.
    best, epoch = tracker.best_metric(return_step=True)  # type: ignore[misc]  # With the step it is a pair.
    assert (best, epoch) == (pytest.approx(min(scores)), scores.index(min(scores)))


@pytest.mark.parametrize("kind", OF_SUMS, ids=lambda kind: kind.__name__)
@BY_UPDATE
def test_a_running_metric_sees_the_last_updates_alone(kind: type[Metric], call: str) -> None:
    example = EXAMPLES[kind.__name__]
    running = Running(make(kind), window=2)
    for batch in example.batches:
        getattr(running, call)(*batch)
    assert same(running.compute(), example.expected(example.batches[-2:]), abs=6e-4)


@pytest.mark.parametrize("kind", [kind for kind in METRICS if kind not in OF_SUMS], ids=lambda kind: kind.__name__)
def test_a_metric_of_the_order_of_updates_cannot_run(kind: type[Metric]) -> None:
    with pytest.raises(ValueError, match="Expected attribute `full_state_update` set to `False`"):
        Running(make(kind))


def test_extremes_of_a_score_are_kept() -> None:
    extremes = MinMaxMetric(DeltaM({"error": 2.0}))
    scores = [extremes({"error": error}) for error in (2.0, 4.0, 1.0)]
    assert [score["raw"].item() for score in scores] == [0, 100, -50]
    assert {name: value.item() for name, value in scores[-1].items()} == {"raw": -50, "max": 100, "min": -50}


def test_metrics_are_added_and_scaled() -> None:
    score = DeltaM({"error": 2.0})
    worse, absolute, both = score + 1, abs(DeltaM({"error": 2.0})), DeltaM({"error": 2.0}) - DeltaM({"error": 4.0})
    for metric in (worse, absolute, both):
        metric.update({"error": 1.0})
    assert [metric.compute().item() for metric in (worse, absolute, both)] == [-49, 50, -50 + 75]


def test_ranks_are_named_by_their_method() -> None:
    ranks = ClasswiseWrapper(MeanRank(["LS", "UW"], ["error"]), labels=["LS", "UW"], prefix="rank/")
    ranks.update("LS", {"error": 2.0})
    ranks.update("UW", {"error": 1.0})
    assert {name: rank.item() for name, rank in ranks.compute().items()} == {"rank/LS": 2, "rank/UW": 1}


def test_metrics_of_maps_stand_beside_each_other_in_a_multitask_wrapper() -> None:
    kinds = {kind.__name__: kind for kind in OF_MAPS}
    wrapper = MultitaskWrapper({name: make(kind) for name, kind in kinds.items()})
    firsts = {name: EXAMPLES[name].batches[0] for name in kinds}
    wrapper.update(
        {name: batch[0] for name, batch in firsts.items()}, {name: batch[1] for name, batch in firsts.items()}
    )
    found = wrapper.compute()
    assert all(same(found[name], EXAMPLES[name].expected([batch]), abs=6e-4) for name, batch in firsts.items())


def test_shares_are_bootstrapped_over_steps() -> None:
    shares = BootStrapper(CoAssignment(2), num_bootstraps=3)
    with torch.random.fork_rng():
        shares.update(torch.tensor([[0, 1]] * 8))
    found = {name: value.tolist() for name, value in shares.compute().items()}
    assert found == {"mean": [[1, 0], [0, 1]], "std": [[0, 0], [0, 0]]}
