import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from every_metric import EVERY_METRIC, METRICS
from isolation import child_environment
from metric_examples import EXAMPLES, make, same, updated
from torchmetrics import Metric

from lightning_go4align.metrics import CoAssignment, ConvergenceDifference, GroupStability, MeanRank

SEES_THE_SAME = (CoAssignment, ConvergenceDifference, GroupStability)  # on every rank, says the documentation
POOLED = [kind for kind in METRICS if not kind.full_state_update]


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    """What each of two processes computes of every metric."""
    script, store = Path(__file__).with_name("ranks.py"), tmp_path_factory.mktemp("store") / "store"
    names = [f"{kind.__module__}:{kind.__name__}" for kind in METRICS]
    commands = [[sys.executable, str(script), str(rank), str(store), *names] for rank in range(2)]
    running = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=child_environment())
        for command in commands
    ]
    outputs = [process.communicate(timeout=250) for process in running]
    assert [process.returncode for process in running] == [0, 0], outputs
    return [json.loads(printed.splitlines()[-1]) for printed, _ in outputs]


@pytest.mark.parametrize("kind", POOLED, ids=lambda kind: kind.__name__)
def test_two_processes_compute_what_one_computes_of_all_batches(
    ranks: list[dict[str, Any]], kind: type[Metric]
) -> None:
    example = EXAMPLES[kind.__name__]
    expected = example.expected(example.batches)
    assert all(same(found[kind.__name__]["split"], expected, abs=6e-4) for found in ranks)


@EVERY_METRIC
def test_two_processes_that_see_the_same_compute_what_one_computes(
    ranks: list[dict[str, Any]], kind: type[Metric]
) -> None:
    example = EXAMPLES[kind.__name__]
    assert all(same(found[kind.__name__]["same"], example.expected(example.batches), abs=6e-4) for found in ranks)


@EVERY_METRIC
def test_a_metric_is_synchronised_unless_every_process_sees_the_same(
    ranks: list[dict[str, Any]], kind: type[Metric]
) -> None:
    example = EXAMPLES[kind.__name__]
    for rank, found in enumerate(ranks):
        own = example.expected(example.batches[rank::2])
        assert same(found[kind.__name__]["alone"], own, abs=6e-4)
        by_default = own if kind in SEES_THE_SAME else found[kind.__name__]["split"]
        assert same(found[kind.__name__]["by default"], by_default, abs=6e-4)


@EVERY_METRIC
def test_a_process_goes_on_with_its_own_states_after_a_synchronised_result(
    ranks: list[dict[str, Any]], kind: type[Metric]
) -> None:
    batches = EXAMPLES[kind.__name__].batches
    for rank, found in enumerate(ranks):
        alone = updated(make(kind), [*batches[rank::2], *batches[1 - rank :: 2]])
        assert all(same(found[kind.__name__]["after"][name], state) for name, state in alone.metric_state.items())


@pytest.mark.parametrize("kind", POOLED, ids=lambda kind: kind.__name__)
def test_forward_is_synchronised_where_that_is_asked_for(ranks: list[dict[str, Any]], kind: type[Metric]) -> None:
    example = EXAMPLES[kind.__name__]
    expected = example.expected(example.batches[:2])
    assert all(same(found[kind.__name__]["step"], expected, abs=6e-4) for found in ranks)


def test_a_method_that_both_processes_measured_gets_the_mean_of_its_values(ranks: list[dict[str, Any]]) -> None:
    # LS has (30.0, 3.0) in one and (40.2, 0.5) in the other: (35.1, 1.75) beside (40.0, 2.0) and (40.1, 1.0).
    assert [found["MeanRank"]["split"] for found in ranks] == [[2.5, 2.5, 1.0]] * 2
    assert [found[MeanRank.__name__]["step"] for found in ranks] == [[2.0, 1.0, 3.0]] * 2


def test_steps_of_two_processes_are_no_sequence(ranks: list[dict[str, Any]]) -> None:
    example = EXAMPLES["GroupStability"]
    each = [example.expected(example.batches[rank::2]) for rank in range(2)]  # one transition each
    expected = {name: (each[0][name] + each[1][name]) / 2 for name in each[0]}
    assert all(same(found["GroupStability"]["split"], expected) for found in ranks)


def test_the_last_of_two_processes_to_converge_counts(ranks: list[dict[str, Any]]) -> None:
    # Of epochs 1, 3 and 2, 4: the mean IoU rises from 30 to 40.1 in one, and by half a hundredth in the other.
    assert [found["ConvergenceDifference"]["split"] for found in ranks] == [0.0, 0.0]
    assert [found["ConvergenceDifference"]["alone"] for found in ranks] == [0.0, 0.5]
