"""An aggregator sees some tasks in a step: it weighs them as if there were no others, whose state stays."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torchjd.aggregation import (
    PCD,
    AlignedMTL,
    ConFIG,
    Constant,
    CRMOGMWeighting,
    DualProj,
    ExcessMTL,
    GradDrop,
    GradVac,
    GramianWeightedAggregator,
    MeanWeighting,
    MoDoWeighting,
    NashMTL,
    SDMGradWeighting,
    UPGrad,
    UPGradWeighting,
    WeightedAggregator,
)

from lightning_go4align.methods import GroupedAggregator, WeightedHeads
from lightning_go4align.methods.some_tasks import some_tasks
from lightning_go4align.methods.state import full_state

pytestmark = [
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
    pytest.mark.filterwarnings("ignore:Solution may be inaccurate"),
]
ROWS = torch.tensor([0, 2])
KNOWN = torch.tensor([1.0, 2.0, 3.0])

Make = Callable[[], Any]
STATEFUL: dict[str, Make] = {
    "ExcessMTL": ExcessMTL,
    "ExcessMTL that has warmed up": lambda: ExcessMTL(n_warmup_steps=2),
    "GradVac": GradVac,
    "CR-MOGM": lambda: GramianWeightedAggregator(CRMOGMWeighting(UPGradWeighting(), initial_weights=KNOWN)),
    "SDMGrad": lambda: GramianWeightedAggregator(SDMGradWeighting(lr=0.01)),
    "MoDo": lambda: GramianWeightedAggregator(MoDoWeighting()),
    "Nash-MTL": lambda: NashMTL(3),
    "ExcessMTL, heads": lambda: WeightedHeads(ExcessMTL()),
    "GradVac, grouped": lambda: GroupedAggregator(GradVac(), 2),
    "Nash-MTL, heads, grouped": lambda: GroupedAggregator(WeightedHeads(NashMTL(3)), 2),
}


def jacobian(step: int, rows: int = 3) -> Tensor:
    return torch.randn(rows, 6, generator=torch.Generator().manual_seed(step))


def call(method: Any, step: int, rows: Tensor | None = None) -> Tensor:
    torch.manual_seed(step)
    if rows is None:
        gradient: Tensor = method(jacobian(step))
        return gradient
    with some_tasks(method, rows, 3):
        found: Tensor = method(jacobian(step)[rows])
    return found


def state_of_tasks(method: Any) -> list[Tensor]:
    """All that has an entry for each of three tasks; of pairs, those of the others with each other stand apart."""
    saved = full_state(method)
    attributes = [value for part in saved["attributes"].values() for value in part.values()]
    arrays = [value["array"] for value in attributes if isinstance(value, dict) and "array" in value]
    tensors = [value for value in saved["tensors"].values() if value is not None]
    found = [value.clone() for value in (*tensors, *arrays) if value.dim() and len(value) == 3]
    return list({value.data_ptr(): value for value in found}.values())


@pytest.mark.parametrize("make", STATEFUL.values(), ids=STATEFUL)
def test_a_task_keeps_its_state_while_others_move_theirs(make: Make) -> None:
    method = make()
    for step in range(3):
        call(method, step)
    before = state_of_tasks(method)
    call(method, 3, ROWS)
    after = state_of_tasks(method)
    assert len(before) == len(after) > 0
    for old, new in zip(before, after, strict=True):
        torch.testing.assert_close(new[1], old[1])
    assert any(not torch.equal(old[ROWS], new[ROWS]) for old, new in zip(before, after, strict=True))
    assert call(method, 4).isfinite().all()
    assert [len(value) for value in state_of_tasks(method)] == [len(value) for value in before]


def test_excess_mtl_sums_the_squares_of_each_tasks_own_gradients() -> None:
    method = ExcessMTL()
    seen = [None, torch.tensor([0, 2]), torch.tensor([1, 2]), torch.tensor([0, 2])]
    for step, rows in enumerate(seen):
        call(method, step, rows)
    expected = torch.zeros(3, 6)
    for step, rows in enumerate(seen):
        there = torch.arange(3) if rows is None else rows
        expected[there] += jacobian(step)[there].square()
    torch.testing.assert_close(method.weighting.get_buffer("_sq_grad_sum"), expected)
    torch.testing.assert_close(method.weighting.get_buffer("_weights").sum(), torch.tensor(1.0))


def test_a_step_of_the_warm_up_without_a_task_counts_as_its_mean_so_far() -> None:
    """Its excess is sum(g^2 / sqrt(sum of squares)): n of all, then as much over the root of 2."""
    method, ones = ExcessMTL(n_warmup_steps=3), torch.ones(3, 4)
    method(ones)
    for rows in (ROWS, None, ROWS):  # The last one is the first after the warm-up.
        with some_tasks(method, torch.arange(3) if rows is None else rows, 3):
            method(ones if rows is None else ones[rows])
    expected = torch.tensor([4 * (1 + 0.5**0.5 + 3**-0.5), 4 * (2 + 0.5**0.5), 4 * (1 + 0.5**0.5 + 3**-0.5)]) / 3
    torch.testing.assert_close(method.weighting.get_buffer("_initial_w"), expected)


def test_tasks_that_are_never_there_together_know_nothing_of_each_other() -> None:
    method = GradVac()
    for step in range(4):
        call(method, step, torch.tensor([step % 2, 2]))
    similarity = method.gramian_weighting.get_buffer("_phi_t")
    assert similarity[:2, :2].tolist() == [[0.0, 0.0], [0.0, 0.0]]
    assert (similarity[:2, 2] != 0).all()


def test_a_late_task_of_cr_mogm_begins_with_the_mean_of_the_others() -> None:
    method = WeightedAggregator(CRMOGMWeighting(MeanWeighting()))
    call(method, 0, ROWS)
    torch.testing.assert_close(method.weighting.get_buffer("_lambda"), torch.full((3,), 0.5))


SETTINGS: dict[str, Callable[[Tensor], Any]] = {
    "UPGrad": lambda known: UPGrad(pref_vector=known),
    "AlignedMTL": lambda known: AlignedMTL(pref_vector=known),
    "ConFIG": lambda known: ConFIG(pref_vector=known),
    "DualProj": lambda known: DualProj(pref_vector=known),
    "Constant": Constant,
    "GradDrop": lambda known: GradDrop(leak=known / 4),
    "SDMGrad": lambda known: GramianWeightedAggregator(SDMGradWeighting(pref_vector=known)),
    "CR-MOGM": lambda known: WeightedAggregator(CRMOGMWeighting(MeanWeighting(), initial_weights=known)),
    "Nash-MTL": lambda known: NashMTL(len(known)),
    "Nash-MTL, heads": lambda known: WeightedHeads(NashMTL(len(known))),
}


@pytest.mark.parametrize("make", SETTINGS.values(), ids=SETTINGS)
@pytest.mark.parametrize("rows", [[0, 2], [1]], ids=str)
def test_what_is_set_for_each_task_is_that_of_the_tasks_that_are_there(make: Any, rows: list[int]) -> None:
    if rows == [1] and "NashMTL" in repr(make(KNOWN)):
        pytest.skip("TorchJD's refuses a single task")
    torch.manual_seed(0)
    alone = make(KNOWN[rows])(jacobian(0)[rows])
    torch.testing.assert_close(call(make(KNOWN), 0, torch.tensor(rows)), alone)


@pytest.mark.parametrize("name", [name for name in SETTINGS if "Nash" not in name and "SDM" not in name])
def test_settings_are_as_before_after_it(name: str) -> None:
    method = SETTINGS[name](KNOWN)
    described = repr(method)
    call(method, 0, torch.tensor([1]))
    assert repr(method) == described
    if name != "CR-MOGM":
        torch.testing.assert_close(call(method, 1), call(SETTINGS[name](KNOWN), 1))


def test_nash_mtl_weighs_a_task_that_is_alone() -> None:
    """The norm of G becomes 1, so that G w = 1 / w has the solution 1."""
    method, rows = NashMTL(3, max_norm=0, update_weights_every=2), torch.tensor([1])
    found = list[Any]()
    for gradient in (5.0, 7.0):  # The first solves, the second takes what was found.
        with some_tasks(method, rows, 3):
            found.append(method.weighting(torch.tensor([[gradient, 0.0]])).tolist())
    assert (found, method.weighting.step) == ([[1.0], [1.0]], 2)


def test_settings_of_another_number_of_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="`weights` of ConstantWeighting must be for the 3 tasks, but is for 2"):
        call(Constant(KNOWN[:2]), 0, ROWS)


@pytest.mark.parametrize("make", [ExcessMTL, PCD], ids=["ExcessMTL", "PCD"])
def test_what_is_refused_leaves_the_method_as_it_was(make: Make) -> None:
    method = make()
    with pytest.raises(ValueError, match=r"needs all of them there|by their place among those of a step"):
        call(method, 0, ROWS)
    torch.testing.assert_close(call(method, 1), call(make(), 1))
