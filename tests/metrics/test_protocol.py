"""What torchmetrics promises of every metric, and what Lightning does to it."""

import pickle

import pytest
import torch
from matplotlib.figure import Figure
from torch import nn
from torchmetrics import MetricCollection

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank
from lightning_go4align.metrics.depth import BatchMeanDepthErrors, DepthErrors
from lightning_go4align.metrics.normals import BatchMeanNormalErrors, NormalErrors

GROUPS = [(torch.tensor(groups),) for groups in ([0, 0, 1], [0, 1, 1], [0, 1, -1])]
ERRORS = [({"miou": miou, "error": error},) for miou, error in ((30.0, 3.0), (40.0, 2.0), (40.1, 1.0))]
RANKED = [(method, *errors) for method, errors in zip(["LS", "UW", "GO4Align"], ERRORS, strict=True)]
DEPTHS = list(torch.rand(3, 2, 2, 1, 4, 4, generator=torch.Generator().manual_seed(0)) + 0.5)
NORMALS = list(torch.randn(3, 2, 2, 3, 4, 4, generator=torch.Generator().manual_seed(0)))

METRICS = [
    pytest.param(lambda: CoAssignment(3), GROUPS, id="CoAssignment"),
    pytest.param(lambda: GroupStability(3), GROUPS, id="GroupStability"),
    pytest.param(lambda: ConvergenceDifference(["miou", "error"], ["miou"]), ERRORS, id="ConvergenceDifference"),
    pytest.param(lambda: DeltaM({"miou": 38.3, "error": 2.6}, ["miou"]), ERRORS, id="DeltaM"),
    pytest.param(lambda: MeanRank(["LS", "UW", "GO4Align"], ["miou", "error"], ["miou"]), RANKED, id="MeanRank"),
    pytest.param(DepthErrors, DEPTHS, id="DepthErrors"),
    pytest.param(BatchMeanDepthErrors, DEPTHS, id="BatchMeanDepthErrors"),
    pytest.param(NormalErrors, NORMALS, id="NormalErrors"),
    pytest.param(BatchMeanNormalErrors, NORMALS, id="BatchMeanNormalErrors"),
]


def updated(metric, batches):
    for batch in batches:
        metric.update(*batch)
    return metric.compute()


@pytest.mark.parametrize(("make", "batches"), METRICS)
def test_forward_accumulates_as_update_does(make, batches):
    metric = make()
    for batch in batches:
        metric(*batch)
    torch.testing.assert_close(metric.compute(), updated(make(), batches))


@pytest.mark.parametrize(("make", "batches"), METRICS)
def test_forward_returns_the_value_of_its_batch(make, batches):
    metric = make()
    for batch in batches:
        torch.testing.assert_close(metric(*batch), updated(make(), [batch]))


@pytest.mark.parametrize(("make", "batches"), METRICS)
def test_a_collection_accumulates_by_forward_as_its_member_does_by_update(make, batches):
    collection = MetricCollection({"first": make(), "second": make()})
    for batch in batches:
        collection(*batch)
    member = next(iter(collection.values()))
    torch.testing.assert_close(member.compute(), updated(make(), batches))


@pytest.mark.parametrize(("make", "batches"), METRICS)
@pytest.mark.parametrize("copy", [lambda metric: metric.clone(), lambda metric: pickle.loads(pickle.dumps(metric))])
def test_a_copy_goes_on_where_the_original_was(make, batches, copy):
    metric = make()
    metric(*batches[0])
    torch.testing.assert_close(updated(copy(metric), batches[1:]), updated(make(), batches))


@pytest.mark.parametrize(("make", "batches"), METRICS)
def test_a_reset_metric_knows_nothing_of_before(make, batches):
    metric = make()
    metric(*batches[0])
    metric.reset()
    torch.testing.assert_close(updated(metric, batches[1:]), updated(make(), batches[1:]))


@pytest.mark.parametrize(("make", "batches"), METRICS)
@pytest.mark.parametrize(
    "cast", [lambda module: module.to(torch.bfloat16), nn.Module.bfloat16, nn.Module.half], ids=["to", "bf16", "half"]
)
def test_a_network_of_half_precision_is_measured_like_any_other(make, batches, cast):
    metric = cast(nn.Sequential(make()))[0]
    expected = updated(make(), batches)
    torch.set_default_dtype(torch.bfloat16)  # as Lightning's bf16-true does in a step
    try:
        found = updated(metric, batches)
    finally:
        torch.set_default_dtype(torch.float32)
    torch.testing.assert_close(found, expected)


@pytest.mark.parametrize(("make", "batches"), METRICS)
def test_a_metric_plots_what_it_computes(make, batches):
    metric, axes = make(), Figure().add_subplot()
    updated(metric, batches)
    assert metric.plot(ax=axes) == (None, axes)


@pytest.mark.parametrize(("make", "batches"), METRICS)
@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_a_metric_plots_before_its_first_update(make, batches):
    axes = Figure().add_subplot()
    assert make().plot(ax=axes) == (None, axes)
