import math

import numpy as np
import pytest
import torch
from torch import Tensor

from lightning_go4align.functional.convergence import convergence_epochs
from lightning_go4align.history import History
from lightning_go4align.metrics import CoAssignment, DeltaM, GroupStability
from lightning_go4align.monitors.recorder import Recorder

STEPS = 1000


@pytest.fixture(scope="module")
def signals() -> tuple[Tensor, ...]:
    generator = torch.Generator().manual_seed(0)
    groups = torch.randint(-1, 3, (STEPS, 4), generator=generator)
    rows = torch.rand(3, STEPS, 4, generator=generator)
    return groups, *rows


@pytest.fixture(scope="module", params=[1, 50, STEPS], ids="{} at a time".format)
def recorder(request: pytest.FixtureRequest, signals: tuple[Tensor, ...]) -> Recorder:
    recorder = Recorder(History.empty(list("abcd")), capacity=64, num_windows=16)
    for start in range(0, STEPS, request.param):
        recorder.extend(*(rows[start : start + request.param] for rows in signals))
    return recorder


def test_samples_are_every_nth_step_and_no_more_than_the_capacity(
    recorder: Recorder, signals: tuple[Tensor, ...]
) -> None:
    history = recorder.history
    assert history.steps.tolist() == list(range(0, STEPS, 16))  # 1000 / 16 = 62.5 is the most that 64 can hold
    np.testing.assert_array_equal(history.groups, signals[0][::16])
    np.testing.assert_array_equal(history.losses, signals[3][::16])


def test_pairs_are_counted_over_every_step(recorder: Recorder, signals: tuple[Tensor, ...]) -> None:
    pairs = CoAssignment(4)
    pairs.update(signals[0])
    np.testing.assert_array_equal(recorder.history.together, pairs.together)
    np.testing.assert_allclose(recorder.history.shares, pairs.compute(), rtol=1e-6)


def test_stability_is_that_of_every_step(recorder: Recorder, signals: tuple[Tensor, ...]) -> None:
    stability = GroupStability(4)
    stability.update(signals[0])
    means = recorder.history.windows.total().means()
    for name, expected in stability.compute().items():
        assert getattr(means, name) == pytest.approx(expected.item())
    np.testing.assert_array_equal(recorder.history.task_moves, stability.task_moves)


def test_windows_are_few_and_of_equal_length(recorder: Recorder) -> None:
    history = recorder.history
    assert (history.window, len(history.windows), history.total) == (64, 16, STEPS)
    assert history.windows.transitions.tolist() == [63] + [64] * 14 + [40]  # the first step has none before it


def test_the_changes_at_the_best_epoch_are_found() -> None:
    recorder = Recorder(History.empty(["a"]))
    for epoch, score in enumerate([5.0, -1.0, 2.0], start=1):
        recorder.score(epoch, {"val/delta_m": score, "val/delta/error": 10 * score}, None)
    assert (recorder.history.metrics, recorder.history.best_changes.tolist()) == (("error",), [-10.0])
    assert recorder.history.validations.delta_m.tolist() == [5.0, -1.0, 2.0]


def test_convergence_is_told_from_the_changes_where_no_monitor_knows_it() -> None:
    recorder, score = Recorder(History.empty(["a", "b"])), DeltaM({"b": 1.0, "a": 2.0})
    for epoch, (first, second) in enumerate([(100.0, 50.0), (0.0, 49.9), (-0.5, 20.0)], start=1):
        changes = {"val/delta_m": first, "val/delta/a": first, "val/delta/b": second}
        difference = recorder.score(epoch, changes, None, score)
    # 200 %, 100 %, 99.5 % of the single-task error, and 150 %, 149.9 %, 120 %
    assert (recorder.history.convergence_epochs.tolist(), difference) == ([2, 3], 0.5)


def test_convergence_is_that_of_the_metrics_whichever_way_they_go() -> None:
    baseline = {"miou": 38.3, "err": 0.55, "gain": -2.0, "loss": -4.0}
    directions = {name: name in ("miou", "gain") for name in baseline}
    curves = torch.rand(12, 4, generator=torch.Generator().manual_seed(0)) * torch.tensor([40.0, 1, 8, 9]) - 1
    expected = convergence_epochs(curves, torch.tensor(list(directions.values())))
    score = DeltaM(baseline, maximize=[name for name, higher in directions.items() if higher])
    recorder = Recorder(History.empty(["a"]))
    for epoch, row in enumerate(curves.tolist(), start=1):
        score.reset()
        score.update(dict(zip(baseline, row, strict=True)))
        changes = {f"val/delta/{name}": change.item() for name, change in score.changes().items()}
        recorder.score(epoch, {"val/delta_m": 0.0, **changes}, None, score)
    assert recorder.history.convergence_epochs.tolist() == expected.tolist()


def test_changes_whose_direction_nobody_knows_tell_no_convergence() -> None:
    recorder = Recorder(History.empty(["a"]))
    assert np.isnan(recorder.score(1, {"val/delta_m": 1.0, "val/delta/f1": 1.0}, None))
    assert recorder.history.convergence_epochs.tolist() == []


def test_only_steps_that_can_tell_count_for_stability() -> None:
    alone = torch.tensor([[0, -1, -1], [-1, 0, -1], [-1, -1, 0]] * 4)
    pairs = torch.tensor([[0, 0, -1], [0, 1, -1], [0, -1, 1], [0, -1, 0], [-1, -1, -1]])
    for groups, expected in ((alone, [np.nan] * 4), (pairs, [0, 0, 2 / 3, 1 / 3])):
        recorder, stability = Recorder(History.empty(list("abc"))), GroupStability(3)
        zeros = torch.zeros(groups.shape)
        recorder.extend(groups, zeros, zeros, zeros)
        stability.update(groups)
        means, found = recorder.history.windows.total().means(), stability.compute()
        names = ("rand", "adjusted_rand", "moves", "held")
        np.testing.assert_allclose([getattr(means, name) for name in names], expected)
        np.testing.assert_allclose([found[name].item() for name in names], expected)
    assert recorder.history.task_transitions.tolist() == [3, 1, 1]


def test_a_metric_without_a_value_converges_never() -> None:
    recorder = Recorder(History.empty(["a", "b"]))
    for epoch, change in enumerate((100.0, 50.0), start=1):
        changes = {"val/delta_m": change, "val/delta/a": change, "val/delta/b": math.nan}
        difference = recorder.score(epoch, changes, None, DeltaM({"a": 1.0, "b": 1.0}))
    assert (recorder.history.convergence_epochs.tolist(), difference) == ([2, 0], 0)


def test_scores_without_parts_are_kept() -> None:
    recorder = Recorder(History.empty(["a"]))
    recorder.score(1, {"val/delta_m": 2.0}, None)
    recorder.score(2, {"val/delta_m": 1.0}, None)
    assert (recorder.history.validations.delta_m.tolist(), recorder.history.metrics) == ([2.0, 1.0], ())


def test_a_recorder_goes_on_where_another_stopped(recorder: Recorder, signals: tuple[Tensor, ...]) -> None:
    rows = [rows[:100] for rows in signals]
    resumed = Recorder(recorder.history, capacity=64, num_windows=16)
    resumed.extend(*rows)
    whole = Recorder(History.empty(list("abcd")), capacity=64, num_windows=16)
    whole.extend(*(torch.cat([first, second]) for first, second in zip(signals, rows, strict=True)))
    for name, sums in vars(whole.history.windows).items():
        np.testing.assert_allclose(getattr(resumed.history.windows, name), sums, rtol=1e-12)
    np.testing.assert_array_equal(resumed.history.steps, whole.history.steps)
