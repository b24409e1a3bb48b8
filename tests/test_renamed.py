"""Former names work for one release more: in code, in configurations and in checkpoints."""

import copy
from importlib import import_module
from typing import Any

import pytest
import torch
from jsonargparse import ArgumentParser
from torch import Tensor
from torchjd.aggregation import MGDA, Aggregator, NashMTL
from torchjd.scalarization import Mean, Scalarizer

from lightning_go4align.methods import GroupedScalarizer, WeightedHeads
from lightning_go4align.methods.fields import differing_fields, method_fields
from lightning_go4align.methods.state import full_state, load_full_state

FORMER = {
    "methods.WithWeighedHeads": "methods.WeightedHeads",
    "update.TellsLastStep": "update.LastStepMixin",
    "update.told": "update.overridable_property",
    "plots.elbow": "studies.plots.elbow",
    "plots.performance_against_time": "studies.plots.performance_against_time",
    "plots.runtime_bars": "studies.plots.runtime_bars",
    "functional.relative.convergence_epochs": "functional.convergence.convergence_epochs",
    "functional.relative.convergence_difference": "functional.convergence.convergence_difference",
    "benchmarks.qm9.ErrorTable": "benchmarks.score_table.ScoreTable",
}


def look_up(path: str) -> Any:
    package, _, name = path.rpartition(".")
    return getattr(import_module(f"lightning_go4align.{package}"), name)


@pytest.mark.parametrize("former", FORMER)
def test_a_former_name_is_the_present_one_and_warns_where_it_is_used(former: str) -> None:
    with pytest.warns(FutureWarning, match=f"is called `lightning_go4align.{FORMER[former]}` now") as warned:
        found = look_up(former)
    assert found is look_up(FORMER[former])
    assert [warning.filename for warning in warned] == [__file__]


@pytest.mark.parametrize("package", sorted({path.rpartition(".")[0] for path in FORMER}))
def test_a_name_that_never_was_is_as_unknown_as_ever(package: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute 'elbows'"):
        look_up(f"{package}.elbows")


class Filled(Scalarizer):
    """A user's method of the last release."""

    skips_missing = True

    def forward(self, losses: Tensor, /) -> Tensor:
        return losses.nansum()


def test_a_method_that_says_so_by_the_former_name_still_gets_absent_losses_as_nan() -> None:
    method = GroupedScalarizer(Filled(), num_groups=1)
    with pytest.warns(FutureWarning, match="`Filled.skips_missing` is called `supports_missing` now"):
        method(torch.tensor([1.0, torch.nan]))
    assert method.task_weights is not None
    assert method.task_weights.tolist() == [1.0, 0.0]


def former(value: Any) -> Any:
    """What the release before saved in the place of a value."""
    if isinstance(value, dict):
        return {key: former(part) for key, part in value.items()}
    return value.replace("WeightedHeads", "WithWeighedHeads") if isinstance(value, str) else copy.deepcopy(value)


def test_a_state_that_was_saved_under_the_former_name_is_the_same_method() -> None:
    method = WeightedHeads(NashMTL(2))
    fields, state = former(method_fields(method)), former(full_state(method))
    assert (fields["class"], state["method"]) == ("lightning_go4align.methods.WithWeighedHeads", "WithWeighedHeads")
    assert differing_fields(fields, method_fields(method)) == []
    load_full_state(WeightedHeads(NashMTL(2)), state)


def test_another_method_is_none_the_less_another() -> None:
    assert differing_fields(former(method_fields(WeightedHeads(MGDA()))), method_fields(Mean())) != []


def test_a_configuration_of_the_last_release_makes_the_same_method() -> None:
    parser = ArgumentParser()
    parser.add_argument("--method", type=Aggregator)
    written = {"class_path": "lightning_go4align.methods.WithWeighedHeads", "init_args": {"aggregator": "MGDA"}}
    with pytest.warns(FutureWarning, match="is called `lightning_go4align.methods.WeightedHeads` now"):
        method = parser.instantiate(parser.parse_object({"method": written})).method
    assert isinstance(method, WeightedHeads)
