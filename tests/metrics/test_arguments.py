"""What metrics are made with and given, in whatever form it comes."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torchmetrics import Metric

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, DeltaM, GroupStability, MeanRank

NAMED = [
    pytest.param(lambda *args, **kwargs: DeltaM({"ab": 1.0, "a": 2.0, "b": 3.0}, *args, **kwargs), id="DeltaM"),
    pytest.param(lambda *args, **kwargs: ConvergenceDifference(["ab", "a", "b"], *args, **kwargs), id="Convergence"),
    pytest.param(lambda *args, **kwargs: MeanRank(["LS"], ["ab", "a", "b"], *args, **kwargs), id="MeanRank"),
]


@pytest.mark.parametrize("make", NAMED)
def test_the_former_name_of_maximize_warns_where_it_is_written_and_works(make: Callable[..., Any]) -> None:
    with pytest.warns(FutureWarning, match="called `maximize` now") as warned:
        metric = make(higher_is_better=["b"])
    assert metric.maximize.tolist() == [False, False, True]
    assert metric.higher_is_better is False
    assert warned[0].filename == __file__


@pytest.mark.parametrize("make", NAMED)
def test_a_direction_of_no_metric_is_refused_under_the_name_that_was_written(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"`maximize` names \['c'\], but the metrics are"):
        make(["c"])
    with (
        pytest.warns(FutureWarning, match="called `maximize` now"),
        pytest.raises(ValueError, match=r"`higher_is_better` names \['c'\], but the metrics are"),
    ):
        make(higher_is_better=["c"])


@pytest.mark.parametrize("make", NAMED)
def test_the_former_name_of_the_mask_warns_and_works(make: Callable[..., Any]) -> None:
    with pytest.warns(FutureWarning, match="`rises` is called `maximize` now") as warned:
        rises = make(["b"]).rises
    assert rises.tolist() == [False, False, True]
    assert warned[0].filename == __file__


@pytest.mark.parametrize("make", NAMED)
@pytest.mark.filterwarnings("ignore:`higher_is_better` is called")
def test_both_names_of_one_argument_are_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match="Give `maximize` alone"):
        make(["b"], higher_is_better=["b"])
    assert make([], higher_is_better=["b"]).maximize.any()


@pytest.mark.parametrize("make", NAMED)
@pytest.mark.parametrize(
    "directions", [["b"], ("b",), {"b"}, {"b": 1}, frozenset("b")], ids=lambda value: type(value).__name__
)
def test_directions_come_in_any_collection(make: Callable[..., Any], directions: Any) -> None:
    assert make(directions).maximize.tolist() == [False, False, True]


@pytest.mark.parametrize("make", NAMED)
@pytest.mark.parametrize("wrong", ["ab", "b", "", True, None, 1, iter(["b"])], ids=lambda value: type(value).__name__)
def test_what_is_no_list_of_directions_is_refused(make: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(
        TypeError, match=r"`maximize` must be a list of names, but is .* Write for example \['miou'\]"
    ):
        make(wrong)


@pytest.mark.parametrize("make", NAMED)
def test_a_direction_of_no_metric_is_refused(make: Callable[..., Any]) -> None:
    with pytest.raises(ValueError, match=r"`maximize` names \['c'\], but the metrics are .* Correct the names"):
        make(["b", "c"])


@pytest.mark.parametrize("make", [ConvergenceDifference, lambda names: MeanRank(["LS"], names)], ids=["one", "ranks"])
@pytest.mark.parametrize(
    "wrong", ["ab", {"a", "b"}, frozenset("ab"), 2, None, iter("ab")], ids=lambda value: type(value).__name__
)
def test_names_without_an_order_of_their_own_are_refused(make: Callable[..., Any], wrong: Any) -> None:
    with pytest.raises(TypeError, match="`metrics` must be a list of names"):
        make(wrong)


@pytest.mark.parametrize("wrong", ["LS", {"LS"}, None])
def test_methods_without_an_order_of_their_own_are_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match="`methods` must be a list of names"):
        MeanRank(wrong, ["error"])


@pytest.mark.parametrize("wrong", [[], ["a", "a"]])
def test_names_are_there_and_each_is_another(wrong: list[str]) -> None:
    with pytest.raises(ValueError, match="`metrics` must hold at least one name and each once"):
        ConvergenceDifference(wrong)
    with pytest.raises(ValueError, match="`methods` must hold at least one name and each once"):
        MeanRank(wrong, ["error"])


ONE = [1.5, np.float16(1.5), np.array([1.5]), [1.5], torch.tensor(1.5), torch.ones(1, 1) * 1.5]
ONE += [torch.tensor([1.5], dtype=dtype) for dtype in (torch.float16, torch.bfloat16, torch.float64)]
ONE += [torch.tensor(1.5, requires_grad=True)]


@pytest.mark.parametrize("value", ONE, ids=lambda value: type(value).__name__)
def test_a_number_counts_in_whatever_form_it_comes(value: Any) -> None:
    score = DeltaM({"error": value})
    score.update({"error": value})
    assert (score.baseline.tolist(), score.total.tolist(), score.total.requires_grad) == ([1.5], [1.5], False)


@pytest.mark.parametrize(
    "value", [True, 1, np.uint8(1), torch.tensor(True), torch.tensor([1])], ids=lambda value: type(value).__name__
)
def test_integers_count_as_numbers(value: Any) -> None:
    score = DeltaM({"error": 1})
    score.update({"error": value})
    assert (score.total.tolist(), score.compute()) == ([1.0], 0)  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


@pytest.mark.parametrize(
    "wrong",
    [None, "0.5", b"1", 1j, torch.tensor(1j), {"error": 1.0}, object, [None]],
    ids=lambda value: type(value).__name__,
)
def test_what_is_no_number_is_refused_by_the_name_of_its_metric(wrong: Any) -> None:
    score = DeltaM({"miou": 1.0, "error": 1.0})
    for given in (lambda: score.update({"miou": 1.0, "error": wrong}), lambda: DeltaM({"error": wrong})):
        with pytest.raises(TypeError, match="The value of 'error' must be a real number, but is"):
            given()  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
    assert (score.total.tolist(), score.count) == ([0, 0], 0)  # type: ignore[comparison-overlap]  # mypy does not compare tuples of these types.


@pytest.mark.parametrize(
    "wrong", [torch.ones(3), [], [1.0, 2.0], np.ones((2, 1)), torch.ones(0)], ids=lambda value: type(value).__name__
)
def test_several_numbers_of_one_name_are_refused_with_their_shape(wrong: Any) -> None:
    for given in (lambda: DeltaM({"error": 1.0}).update({"error": wrong}), lambda: DeltaM({"error": wrong})):
        with pytest.raises(ValueError, match=r"'error' must be one number, but has the shape \[.*Average it first"):
            given()  # type: ignore[no-untyped-call]  # A lambda of a table has no types.


@pytest.mark.parametrize(
    "wrong", [None, [1.0, 2.0], 3.0, "error", torch.ones(1)], ids=lambda value: type(value).__name__
)
def test_a_baseline_without_names_is_refused(wrong: Any) -> None:
    with pytest.raises(TypeError, match=r"`baseline` must map each metric .* Write for example \{'miou': 38.3\}"):
        DeltaM(wrong)


def test_values_beyond_half_precision_are_compared_as_they_are() -> None:
    score = DeltaM({"energy": 1e-9, "gap": 2e6}).set_dtype(torch.float32)
    score.update({"energy": 2e-9, "gap": 1e6})
    assert score.compute() == pytest.approx(25, rel=1e-6)
    assert DeltaM({"energy": 1e-9}).set_dtype(torch.float16).baseline.item() == 1e-9  # type: ignore[operator]  # A buffer, typed as a tensor or a module.


@pytest.mark.parametrize("tolerance", [-0.01, float("nan"), float("inf")])
def test_a_tolerance_that_is_no_share_is_refused(tolerance: float) -> None:
    with pytest.raises(ValueError, match="`tolerance` must be a number of at least 0"):
        ConvergenceDifference(["error"], tolerance=tolerance)


@pytest.mark.parametrize("kind", [CoAssignment, GroupStability])
def test_a_number_of_tasks_is_an_integer_above_zero(kind: Callable[..., Metric]) -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"`num_tasks` must be at least 1, but is {wrong}"):
            kind(wrong)
    others: tuple[Any, ...] = (2.0, "2", None, [2], True)
    for other in others:
        with pytest.raises(TypeError, match="`num_tasks` must be an integer"):
            kind(other)
    metric = kind(np.int64(2))
    metric.update(torch.tensor([0, 1]))
    assert metric.metric_state.keys() == kind(2).metric_state.keys()


@pytest.mark.parametrize("kind", [CoAssignment, GroupStability])
def test_groups_that_are_no_tensor_are_refused(kind: Callable[..., Metric]) -> None:
    with pytest.raises(TypeError, match="`assignment` must be a tensor, but is a list"):
        kind(2).update([0, 1])
