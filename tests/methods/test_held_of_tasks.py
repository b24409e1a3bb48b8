"""All that TorchJD's aggregators remember of tasks is known, and one that remembers more is refused."""

import inspect
from typing import Any

import pytest
import torch
import torchjd.aggregation
from torch import nn
from torchjd.aggregation import (
    GradVac,
    GramianWeightedAggregator,
    MeanWeighting,
    PCDWeighting,
    WeightedAggregator,
    Weighting,
)

from lightning_go4align.methods.held_of_tasks import held_of_tasks

KNOWN = torch.tensor([1.0, 2.0, 3.0])


@pytest.mark.parametrize("kind", [kind for _, kind in inspect.getmembers(torchjd.aggregation, inspect.isclass)])
def test_all_that_torchjd_remembers_of_tasks_is_known(kind: type[nn.Module]) -> None:
    needs: dict[str, Any] = {"Constant": KNOWN, "ConstantWeighting": KNOWN, "CRMOGMWeighting": MeanWeighting()}
    needs |= {"Krum": 1, "KrumWeighting": 1, "NashMTL": 3, "TrimmedMean": 1}
    needs |= dict.fromkeys(["CAGrad", "CAGradWeighting", "FairGrad", "FairGradWeighting"], 0.5)
    if inspect.isabstract(kind) or kind in (Weighting, WeightedAggregator, GramianWeightedAggregator):
        return
    method = kind(*[needs[kind.__name__]] if kind.__name__ in needs else [])
    parts = [part for part in method.modules() if not isinstance(part, PCDWeighting)]
    assert all(hasattr(part, entry.name) for part in parts for entry in held_of_tasks(part))


def test_a_torchjd_that_remembers_more_is_refused() -> None:
    method = GradVac()
    method.gramian_weighting.register_buffer("_since", None)
    with pytest.raises(ValueError, match="GradVacWeighting remembers tasks by their place"):
        held_of_tasks(method.gramian_weighting)
