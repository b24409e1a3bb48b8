"""Tasks without a row in a step, under a trainer: what is refused says which, when and by what."""

import math
from collections.abc import Callable
from typing import Any

import pytest
from torch import Tensor
from torchjd.aggregation import ExcessMTL, GradVac, NashMTL, TrimmedMean
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback, StepRecord
from lightning_go4align.methods import GroupedAggregator, WeightedHeads

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
    pytest.mark.filterwarnings("ignore:The loss of task 'b' was not finite"),
]


class Parted(Toy):
    """Task ``b`` is away from the third batch."""

    def __init__(self, away: Callable[[Tensor], Any]) -> None:
        super().__init__()
        self.away = away

    @override
    def training_step(self, batch: Batch, batch_idx: int) -> Any:
        losses = self.losses(batch)
        return losses | {"b": self.away(losses["b"])} if batch_idx == 2 else losses


AWAY = pytest.mark.parametrize("away", [lambda loss: None, lambda loss: loss + math.nan], ids=["absent", "NaN"])


@AWAY
@pytest.mark.parametrize(
    "make",
    [
        lambda: ExcessMTL(1e-3),
        GradVac,
        lambda: WeightedHeads(NashMTL(3)),
        lambda: GroupedAggregator(NashMTL(3), 2),
        lambda: GroupedAggregator(ExcessMTL(1e-3), 2),
    ],
    ids=["ExcessMTL", "GradVac", "Nash-MTL, heads", "Nash-MTL, grouped", "ExcessMTL, grouped"],
)
def test_a_task_that_is_away_has_weight_0_and_comes_back(make: Any, away: Any) -> None:
    found = list[StepRecord | None]()

    class Watch(MultiTaskCallback):
        @override
        def on_train_batch_end(self, *arguments: Any) -> None:
            super().on_train_batch_end(*arguments)
            found.append(self.last_step)

    quiet_trainer(callbacks=Watch(make(), tasks=["a", "b", "c"]), max_epochs=1).fit(Parted(away), loader())
    weights = [None if record is None else record.weights for record in found]
    assert [None if step is None else [bool(weight) for weight in step] for step in weights] == [
        [True, number != 2, True] for number in range(5)
    ]


@AWAY
def test_what_cannot_go_without_a_task_says_which_and_when(away: Any) -> None:
    callback = MultiTaskCallback(TrimmedMean(1), tasks=["a", "b", "c"])
    words = r"tasks \['b'\] have no finite loss in step 2, and TrimmedMean\(trim_number=1\) cannot go without them"
    with pytest.raises(ValueError, match=words):
        quiet_trainer(callbacks=callback, max_epochs=1).fit(Parted(away), loader())
