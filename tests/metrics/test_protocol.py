"""What torchmetrics promises of every metric, and what Lightning does to it."""

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
import torch
from every_metric import EVERY_METRIC, METRICS
from matplotlib.figure import Figure
from metric_examples import EXAMPLES, make, same, updated
from torch import nn
from torchmetrics import Metric

COPIES = [copy.deepcopy, lambda metric: metric.clone(), lambda metric: pickle.loads(pickle.dumps(metric))]
# Running sums of half precision would stop growing: a network's casts leave a metric's own dtypes alone.
CASTS = [nn.Module.half, nn.Module.bfloat16, nn.Module.double, lambda module: module.to(torch.bfloat16)]


def test_every_metric_of_the_package_has_an_example() -> None:
    assert [kind.__name__ for kind in METRICS] == sorted(EXAMPLES)


@EVERY_METRIC
def test_updates_give_what_numpy_gives_on_all_of_them(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    # The median of the angles is read from bins of a thousandth of a degree.
    assert same(updated(make(kind), example.batches).compute(), example.expected(example.batches), abs=6e-4)


@EVERY_METRIC
def test_forward_accumulates_as_update_does_and_returns_the_value_of_its_batch(kind: type[Metric]) -> None:
    example, metric = EXAMPLES[kind.__name__], make(kind)
    for index, batch in enumerate(example.batches):
        seen = example.batches[max(index - example.before, 0) : index + 1]
        assert same(metric(*batch), example.expected(seen), abs=6e-4)
    assert same(metric.compute(), updated(make(kind), example.batches).compute())


@EVERY_METRIC
def test_what_a_metric_is_stands_on_its_class_and_cannot_be_changed(kind: type[Metric]) -> None:
    metric = make(kind)
    flags = (kind.is_differentiable, kind.full_state_update)
    assert (metric.is_differentiable, metric.full_state_update) == flags
    assert all(isinstance(flag, bool) for flag in flags)
    assert metric.higher_is_better is kind.higher_is_better
    assert kind.higher_is_better in (True, False, None)
    for name in ("is_differentiable", "higher_is_better", "full_state_update"):
        with pytest.raises(RuntimeError, match="Can't change const"):
            setattr(metric, name, True)


@EVERY_METRIC
def test_a_metric_has_a_gradient_only_where_it_says_so(kind: type[Metric]) -> None:
    first, *others = EXAMPLES[kind.__name__].batches[0]
    is_real = isinstance(first, torch.Tensor) and first.is_floating_point()
    found = make(kind)(first.clone().requires_grad_() if is_real else first, *others)
    results = found.values() if isinstance(found, dict) else [found]
    assert {result.requires_grad for result in results} == {kind.is_differentiable}


@EVERY_METRIC
@pytest.mark.parametrize("copied", COPIES, ids=["deepcopy", "clone", "pickle"])
def test_a_copy_goes_on_where_the_original_was_and_leaves_it_there(
    kind: type[Metric], copied: Callable[..., Any]
) -> None:
    example = EXAMPLES[kind.__name__]
    metric = updated(make(kind), example.batches[:2])
    before = metric.compute()
    assert same(updated(copied(metric), example.batches[2:]).compute(), example.expected(example.batches), abs=6e-4)
    metric._computed = None
    assert same(metric.compute(), before)


@EVERY_METRIC
def test_two_metrics_of_one_kind_are_two_keys(kind: type[Metric]) -> None:
    assert len({make(kind), make(kind)}) == 2


@EVERY_METRIC
def test_a_reset_metric_knows_nothing_of_before(kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    metric = updated(make(kind), example.batches[:2])
    metric.reset()
    assert metric.update_count == 0
    assert same(updated(metric, example.batches[2:]).compute(), example.expected(example.batches[2:]), abs=6e-4)


@EVERY_METRIC
def test_computing_before_the_first_update_warns(kind: type[Metric]) -> None:
    with pytest.warns(UserWarning, match="was called before the ``update`` method"):
        make(kind).compute()


@EVERY_METRIC
@pytest.mark.parametrize("cast", CASTS, ids=["half", "bfloat16", "double", "to"])
def test_a_network_of_another_precision_is_measured_like_any_other(
    kind: type[Metric], cast: Callable[..., Any]
) -> None:
    example, metric = EXAMPLES[kind.__name__], cast(nn.Sequential(make(kind)))[0]
    dtypes = {name: state.dtype for name, state in make(kind).metric_state.items()}  # type: ignore[union-attr]  # A state may be a list; these are tensors.
    torch.set_default_dtype(torch.bfloat16)  # as Lightning's bf16-true does in a step
    try:
        found = updated(metric, example.batches).compute()
    finally:
        torch.set_default_dtype(torch.float32)
    assert {name: state.dtype for name, state in metric.metric_state.items()} == dtypes
    assert same(found, example.expected(example.batches), abs=6e-4)


@EVERY_METRIC
@pytest.mark.parametrize("cast", ["half", "double", "float"])
def test_a_cast_of_the_metric_itself_changes_no_dtype(kind: type[Metric], cast: str) -> None:
    metric = getattr(make(kind), cast)()
    found = {name: state.dtype for name, state in metric.metric_state.items()}
    assert found == {name: state.dtype for name, state in make(kind).metric_state.items()}  # type: ignore[union-attr]  # A state may be a list; these are tensors.


@EVERY_METRIC
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_set_dtype_changes_the_states_that_hold_floats_alone(kind: type[Metric], dtype: torch.dtype) -> None:
    example, metric = EXAMPLES[kind.__name__], make(kind).set_dtype(dtype)
    buffers = {name: buffer.dtype for name, buffer in make(kind).named_buffers()}
    expected = {
        name: dtype if state.is_floating_point() else state.dtype  # type: ignore[union-attr]  # A state may be a list; these are tensors.
        for name, state in make(kind).metric_state.items()
    }
    result = updated(metric, example.batches).compute()
    assert {name: state.dtype for name, state in metric.metric_state.items()} == expected  # type: ignore[union-attr]  # A state may be a list; these are tensors.
    assert {name: buffer.dtype for name, buffer in metric.named_buffers()} == buffers
    digits = {torch.float16: 4e-3, torch.bfloat16: 4e-2}.get(dtype, 1e-5)
    assert same(result, example.expected(example.batches), rel=digits, abs=10 * digits)


@EVERY_METRIC
@pytest.mark.filterwarnings("ignore:This property will be removed:DeprecationWarning")  # torchmetrics' own
def test_a_metric_can_be_scripted(kind: type[Metric]) -> None:
    assert torch.jit.script(make(kind)).original_name == kind.__name__


@EVERY_METRIC
def test_a_metric_moves_to_the_meta_device_with_all_it_has(kind: type[Metric]) -> None:
    metric = make(kind).to("meta")
    assert {tensor.device.type for tensor in [*metric.metric_state.values(), *metric.buffers()]} == {"meta"}  # type: ignore[union-attr]  # A state may be a list; these are tensors.


@EVERY_METRIC
def test_a_metric_is_made_with_the_arguments_of_torchmetrics(kind: type[Metric]) -> None:
    given = {
        "sync_on_compute": True,
        "dist_sync_on_step": False,
        "process_group": "group",
        "dist_sync_fn": list,
        "compute_on_cpu": True,
        "compute_with_cache": False,
        "distributed_available_fn": bool,
    }
    metric = make(kind, **given)
    assert {name: getattr(metric, name) for name in given} == given


@EVERY_METRIC
def test_an_argument_that_torchmetrics_does_not_know_is_refused(kind: type[Metric]) -> None:
    with pytest.raises(ValueError, match="Unexpected keyword arguments: `sync_on_computed`"):
        make(kind, sync_on_computed=True)


@EVERY_METRIC
def test_nothing_is_cached_where_that_is_asked_for(kind: type[Metric]) -> None:
    example, metric = EXAMPLES[kind.__name__], make(kind, compute_with_cache=False)
    assert updated(metric, example.batches).compute() is not metric.compute()


@EVERY_METRIC
def test_what_is_no_value_is_refused_by_its_kind_and_leaves_no_trace(kind: type[Metric]) -> None:
    example, metric = EXAMPLES[kind.__name__], updated(make(kind), EXAMPLES[kind.__name__].batches[:1])
    before = metric.clone().metric_state
    for wrong in (None, [1.0, 2.0], "0.5"):
        with pytest.raises(TypeError, match=r"must (be a tensor|map each metric)"):
            metric.update(*example.batches[0][:-1], wrong)
    torch.testing.assert_close(metric.metric_state, before, equal_nan=True)


@EVERY_METRIC
def test_a_metric_plots_what_it_computes_and_one_or_many_given_results(kind: type[Metric]) -> None:
    example, metric = EXAMPLES[kind.__name__], make(kind)
    results = [metric(*batch) for batch in example.batches]
    for val in (None, results[0], results):
        axes = Figure().add_subplot()
        assert metric.plot(val, ax=axes) == (None, axes)
        assert axes.has_data()


@EVERY_METRIC
@pytest.mark.filterwarnings("ignore:The ``compute`` method:UserWarning")
def test_a_metric_plots_before_its_first_update(kind: type[Metric]) -> None:
    axes = Figure().add_subplot()
    assert make(kind).plot(ax=axes) == (None, axes)
