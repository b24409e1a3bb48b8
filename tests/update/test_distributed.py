"""Two processes on Lightning's own strategies; ``ranks.py`` runs there, once for all tests, and prints numbers."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from isolation import child_environment

from lightning_go4align.functional.ranks import is_distributed

METHODS = pytest.mark.parametrize("method", ["GO4Align", "GeometricMean"])
MODES = pytest.mark.parametrize("mode", ["manual", "automatic"])
ROUNDING = 1e-6  # Of eight steps in float32; the sums of a batch are taken in another order.


@pytest.fixture(scope="module")
def found() -> dict[str, float]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    script = Path(__file__).with_name("ranks.py")
    run = subprocess.run(
        [sys.executable, str(script), str(port)],
        capture_output=True,
        text=True,
        timeout=290,
        check=False,
        env=child_environment(),
    )
    assert run.returncode == 0, run.stdout + run.stderr
    lines = (line.split() for line in run.stdout.splitlines())
    return {words[0]: float(words[1]) for words in lines if len(words) == 2 and "_" in words[0]}


@MODES
@METHODS
def test_two_ranks_train_as_one_process_on_the_joined_batch(found: dict[str, float], method: str, mode: str) -> None:
    assert found[f"{method}_{mode}_joined"] < ROUNDING


@MODES
@METHODS
def test_both_ranks_find_the_same_weights_to_the_bit(found: dict[str, float], method: str, mode: str) -> None:
    assert found[f"{method}_{mode}_weights"] == 0


@MODES
@pytest.mark.parametrize("kind", ["static", "unused", "accumulated", "sharded_GO4Align", "sharded_Sum"])
def test_every_strategy_trains_as_one_process_on_the_joined_batch(
    found: dict[str, float], kind: str, mode: str
) -> None:
    assert found[f"{kind}_{mode}_joined"] < ROUNDING


@pytest.mark.parametrize("method", ["NTKMTLSR", "GradNorm"])
def test_methods_that_see_the_representation_see_that_of_all_ranks(found: dict[str, float], method: str) -> None:
    assert found[f"{method}_represented_joined"] < ROUNDING
    assert found[f"{method}_represented_weights"] == 0


@pytest.mark.parametrize("method", ["NTKMTLSR", "GradNorm"])
def test_a_rank_that_has_neither_a_task_nor_a_representation_keeps_no_other_waiting(
    found: dict[str, float], method: str
) -> None:
    assert found[f"{method}_once_idle_ranks"] == found[f"{method}_once_idle_weights"] == 0


@pytest.mark.parametrize("kind", ["heads", "FAMO", "UW"])
def test_several_optimizers_and_methods_that_learn_train_as_one_process(found: dict[str, float], kind: str) -> None:
    assert found[f"{kind}_joined"] < ROUNDING


@MODES
def test_gradients_travel_once_an_optimizer_step(found: dict[str, float], mode: str) -> None:
    assert found[f"accumulated_{mode}_buckets"] == 2


@MODES
def test_a_step_costs_one_collective_more_and_no_barrier(found: dict[str, float], mode: str) -> None:
    assert (found[f"{mode}_extra_all_reduces"], found[f"{mode}_extra_others"]) == (8, 0)


@MODES
def test_ranks_that_lack_different_tasks_train_as_one_process_on_what_there_is(
    found: dict[str, float], mode: str
) -> None:
    assert found[f"missing_{mode}_joined"] < ROUNDING
    assert found[f"missing_{mode}_weights"] == 0


@MODES
@pytest.mark.parametrize("method", ["GO4Align", "UPGrad"])
def test_a_rank_whose_step_returns_none_does_not_stop_the_others(
    found: dict[str, float], method: str, mode: str
) -> None:
    assert found[f"nothing_{method}_{mode}_ranks"] == 0


@pytest.mark.parametrize("kind", ["step", "setup", "method", "kind"])
def test_what_fails_on_one_rank_ends_both_and_each_says_it(found: dict[str, float], kind: str) -> None:
    assert found[f"failing_{kind}_told"] == 2


@MODES
@pytest.mark.parametrize("method", ["MGDA", "UPGrad"])
def test_aggregators_average_jacobians_over_ranks(found: dict[str, float], method: str, mode: str) -> None:
    assert found[f"{method}_{mode}_joined"] < ROUNDING
    assert found[f"{method}_{mode}_ranks"] == 0


@pytest.mark.parametrize("method", ["RLW", "PCGrad", "GradDrop", "groups", "Lloyd"])
def test_what_a_method_draws_is_the_same_on_every_rank_whatever_else_is_drawn_there(
    found: dict[str, float], method: str
) -> None:
    assert found[f"{method}_drawn_joined"] < ROUNDING
    assert found[f"{method}_drawn_ranks"] == 0


@MODES
@pytest.mark.parametrize("method", ["GO4Align", "FAMO"])
def test_batchnorm_over_all_ranks_trains_as_one_process(found: dict[str, float], method: str, mode: str) -> None:
    assert found[f"{method}_norm_{mode}_joined"] < ROUNDING


def test_aggregators_accumulate(found: dict[str, float]) -> None:
    assert found["UPGrad_accumulated_joined"] < ROUNDING


def test_without_the_mean_of_the_losses_ranks_would_disagree(found: dict[str, float]) -> None:
    assert found["unreduced_weights"] > 0.1
    assert found["unreduced_joined"] > 1e3 * ROUNDING


def test_this_process_is_alone() -> None:
    assert not is_distributed()


def test_a_loss_that_is_not_finite_on_another_rank_is_reported_once(found: dict[str, float]) -> None:
    assert found["infinite_told"] == 1


def test_the_metrics_of_both_ranks_are_those_of_the_joined_batch(found: dict[str, float]) -> None:
    assert found["metrics_ranks"] == 0
    assert found["metrics_joined"] < ROUNDING


def test_a_task_of_one_rank_alone_is_known_to_both_and_one_of_none_to_neither(found: dict[str, float]) -> None:
    assert found["partial_metrics_ranks"] == 0
    assert found["partial_metrics_known"] == 2 * 2 + 1  # losses and weights of two tasks, and the objective
