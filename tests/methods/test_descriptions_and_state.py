"""What a method keeps in a checkpoint, what it forgets, and how it is told apart from another."""

import copy
import operator
import pickle
import re
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
import torch
from torchjd.aggregation import MGDA, Constant, NashMTL, UPGrad
from torchjd.scalarization import DWA, Sum

from lightning_go4align.clustering import AutomaticKMeans
from lightning_go4align.methods import (
    FixedWeights,
    GO4Align,
    GradNorm,
    GroupedAggregator,
    RobustGO4Align,
    WeightedHeads,
    WithFactors,
    WithLowerBounds,
)
from lightning_go4align.methods.fields import differing_fields, in_words, method_fields
from lightning_go4align.methods.ntkmtl import NTKMTLWeighting
from lightning_go4align.methods.state import full_state

LOSSES = torch.tensor([1.0, 2.0, 40.0])


def test_what_a_constructor_is_given_is_in_no_checkpoint() -> None:
    for method in (FixedWeights([1, 2]), WithLowerBounds(Sum(), [0, -1])):
        assert dict(method.state_dict()) == {}


@pytest.mark.parametrize("make", [lambda: GO4Align(2), lambda: RobustGO4Align(2)], ids=["GO4Align", "RobustGO4Align"])
def test_a_reset_forgets_what_the_last_step_found(make: Callable[[], Any]) -> None:
    method = make()
    method(LOSSES)
    assert None not in (method.grouping, method.indicators, method.task_weights)
    method.reset()
    assert (method.grouping, method.indicators, method.task_weights) == (None, None, None)


def test_a_checkpoint_of_the_former_automatic_number_is_read() -> None:
    method = GO4Align(None, clustering=AutomaticKMeans())
    method(LOSSES)
    state = method.state_dict()
    del state["clustering.criterion"]
    method.load_state_dict(state | {"criterion": torch.tensor([3.0, 2.0, 7.0])})
    assert isinstance(method.clustering, AutomaticKMeans)
    assert method.clustering.criterion[:3].tolist() == [0.0, -1.0, 4.0]  # relative to one group
    assert "criterion" not in method.state_dict()


def test_epochs_are_counted_one_by_one() -> None:
    method = GradNorm(3)
    method.step()
    method.step()
    assert method.epochs.item() == 2


def test_weights_by_the_kernel_have_no_graph() -> None:
    assert not NTKMTLWeighting()(torch.ones(2, 3, requires_grad=True)).requires_grad


def test_factors_keep_the_dtype_of_the_losses() -> None:
    losses = LOSSES.to(torch.bfloat16)
    assert WithFactors(Sum(), {0: 0.5})(losses).dtype == Sum()(losses).dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("part", "fields"),
    [
        (operator.add, {"function": "_operator.add"}),
        (partial(operator.add, 2), {"function": "_operator.add", "given": [2, {}]}),
        (DWA, {"function": "torchjd.scalarization.DWA"}),
    ],
    ids=["function", "partial", "class"],
)
def test_a_function_is_told_by_its_path(part: Any, fields: dict[str, Any]) -> None:
    found = method_fields(part)
    assert found["function"].rpartition(".")[2] == fields["function"].rpartition(".")[2]
    assert found.keys() == fields.keys()
    assert found.get("given") == fields.get("given")


def test_a_class_of_a_script_is_that_of_the_same_name() -> None:
    assert differing_fields({"class": "__main__.Own"}, {"class": "project.Own"}) == []
    (difference,) = differing_fields({"class": "__main__.Own"}, {"class": "project.Other"})
    assert difference == "`method` was Own() and is Other()"
    assert differing_fields({"class": "a.Own"}, {"class": "b.Own"}) != []


def test_a_function_in_words_is_its_name() -> None:
    assert in_words({"function": "package.module.solve"}) == "solve"


class Named(DWA):
    """Passes what it does not know on to the class below."""

    def __init__(self, title: str, **others: Any) -> None:
        super().__init__(**others)
        self.title = title


def test_arguments_that_are_passed_on_are_of_the_description() -> None:
    fields = method_fields(Named("slow", temperature=4.0))
    assert (fields["title"], fields["temperature"]) == ("slow", 4.0)


@pytest.mark.parametrize(
    ("part", "meant"),
    [("smoothing", "ExponentialMean()"), ("scale", "LevelWithinSpread()"), ("normalization", "constant_risk")],
)
def test_a_part_that_is_none_is_told_what_may_stand_there(part: str, meant: str) -> None:
    with pytest.raises(TypeError, match=rf"`{part}` must be .*, such as `{re.escape(meant)}`"):
        RobustGO4Align(**{part: 3.0})  # type: ignore[arg-type]  # what is refused


def test_a_reset_aggregator_forgets_its_groups() -> None:
    aggregator = GroupedAggregator(UPGrad(), 2)
    aggregator(torch.eye(3))
    assert None not in (aggregator.grouping, aggregator.indicators)
    aggregator.reset()
    assert (aggregator.grouping, aggregator.indicators) == (None, None)


@pytest.mark.parametrize(
    ("method", "described"),
    [
        (GroupedAggregator(MGDA(), 2), "GroupedAggregator(MGDA(epsilon=0.001, max_iters=100), num_groups=2)"),
        (WeightedHeads(MGDA()), "WeightedHeads(MGDA(epsilon=0.001, max_iters=100))"),
        (
            GroupedAggregator(WeightedHeads(NashMTL(2, optim_niter=9)), None, AutomaticKMeans()),
            "GroupedAggregator(WeightedHeads(NashMTL(n_tasks=2, max_norm=1.0, update_weights_every=1, optim_niter=9)"
            "), num_groups=None, clustering=AutomaticKMeans(",
        ),
    ],
    ids=["groups", "heads", "heads in groups"],
)
def test_a_wrapper_of_an_aggregator_names_it_as_it_was_given(method: Any, described: str) -> None:
    assert repr(method).startswith(described)
    assert "\n" not in repr(method)
    assert repr(copy.deepcopy(method)) == repr(pickle.loads(pickle.dumps(method))) == repr(method)


def test_a_long_description_stands_in_one_line() -> None:
    assert "\n" not in repr(WeightedHeads(Constant(torch.ones(3, 100)[:, 0].repeat(40))))


def test_the_description_of_an_aggregator_is_not_of_its_state() -> None:
    method = GroupedAggregator(WeightedHeads(MGDA()), 2)
    assert "MGDA(" not in str(full_state(method)["attributes"]) + str(method_fields(method))
