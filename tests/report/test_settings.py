"""Runs that differ in more than their seed are no seeds of one thing, and not all scores can be compared."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import pytest

from lightning_go4align.config_files import differences
from lightning_go4align.history import History
from lightning_go4align.report.command import write_pages
from lightning_go4align.report.configuration import configuration
from lightning_go4align.report.runs import read_runs


def leads(folders: list[Path]) -> list[str]:
    """What the comparison says first, without marks."""
    html = write_pages(folders).read_text(encoding="utf-8")
    return [unescape(re.sub("<.*?>", "", one)) for one in re.findall(r'<p class="lead">(.*?)</p>', html)]


def with_metrics(folder: Path, *metrics: str) -> Path:
    """Let a run have other metrics."""
    history = History.load(folder)
    validations = replace(history.validations, changes=history.validations.changes[:, : len(metrics)])
    epochs = history.convergence_epochs[: len(metrics)]
    replace(history, metrics=metrics, validations=validations, convergence_epochs=epochs).save(folder)
    return folder


def test_runs_of_other_settings_are_no_seeds_and_are_named_by_them(run_in: Callable[..., Path]) -> None:
    folders = [
        run_in(str(seed), seed=seed, delta_m=[-5.0 * seed - 1], lr=lr) for seed, lr in enumerate((0.1, 0.2, 0.2))
    ]
    assert [run.method for run in read_runs(folders)] == [f"GO4Align (lr={lr})" for lr in (0.1, 0.2, 0.2)]
    (said,) = leads(folders)
    assert said == (
        "Mean best ∆m, the lowest first: GO4Align (lr=0.2) −8.5 ± 3.5% (2 runs), GO4Align (lr=0.1) −1% (1 run)."
    )


@pytest.mark.parametrize(
    "follows",
    [
        pytest.param("trainer: {{default_root_dir: runs/{0}}}", id="folder"),
        pytest.param("trainer: {{logger: {{init_args: {{save_dir: runs/{0}, version: '{0}'}}}}}}", id="logger"),
        pytest.param("trainer: {{callbacks: [{{class_path: X, init_args: {{dirpath: '{0}'}}}}]}}", id="checkpoints"),
        pytest.param("multi_task: {{versions: {{torch: '2.{0}'}}}}", id="versions"),
        pytest.param("data: {{init_args: {{seed: {0}}}}}", id="seed of the data"),
    ],
)
def test_what_follows_from_the_seed_is_no_setting(run_in: Callable[..., Path], follows: str) -> None:
    folders = [run_in(str(seed), seed=seed) for seed in range(2)]
    for seed, folder in enumerate(folders):
        with (folder / "config.yaml").open("a") as config:
            config.write(f"\n{follows.format(seed)}\n")
    assert [run.method for run in read_runs(folders)] == ["GO4Align"] * 2


def test_a_name_has_three_settings_or_as_many_as_tell_runs_apart(run_in: Callable[..., Path]) -> None:
    alike = {f"s{at}": 0 for at in range(5)}
    folders = [run_in("a", **alike), run_in("b", **alike | {f"s{at}": 1 for at in range(5)})]
    assert [run.method for run in read_runs(folders)] == [f"GO4Align (s0={v}, s1={v}, s2={v})" for v in (0, 1)]
    late = run_in("c", **alike | {"s4": 2})
    assert read_runs([*folders, late])[2].method == "GO4Align (s0=0, s1=0, s2=0, s3=0, s4=2)"


def test_a_setting_that_one_run_alone_has_tells_them_apart(run_in: Callable[..., Path]) -> None:
    found = read_runs([run_in("a", seed=0), run_in("b", seed=1, lr=0.1)])
    assert [run.method for run in found] == ["GO4Align (lr=–)", "GO4Align (lr=0.1)"]


def test_runs_of_other_settings_with_one_seed_and_one_place_are_named_by_both(run_in: Callable[..., Path]) -> None:
    found = read_runs([run_in("a", lr=0.1), run_in("b", lr=0.1), run_in("c", lr=0.2)])
    assert [run.method for run in found] == ["GO4Align (lr=0.1; a)", "GO4Align (lr=0.1; b)", "GO4Align (lr=0.2)"]


def test_scores_of_other_metrics_are_not_compared(run_in: Callable[..., Path]) -> None:
    folders = [run_in("ours", delta_m=[-2.0]), run_in("si", "SI()", delta_m=[-1.0]), run_in("sum", "Sum()")]
    with_metrics(folders[2], "depth", "error")
    ranked, left_out = leads(folders)
    assert ranked == "Mean best ∆m, the lowest first: GO4Align −2% (1 run), SI −1% (1 run)."
    assert left_out == (
        "Left out of all scores, for they cannot be compared with those of GO4Align: Sum (metrics depth, error "
        "instead of depth, edges, normal, segmentation)."
    )
    html = (folders[0].parent / "group_dynamics_comparison.html").read_text(encoding="utf-8")
    scores = html[html.index("<h2>Scores</h2>") : html.index("<h2>Tasks</h2>")]
    assert "SI" in scores
    assert "Sum" not in scores
    assert "Sum" in html[html.index("<h2>Tasks</h2>") :]


def test_scores_against_another_baseline_are_not_compared(run_in: Callable[..., Path]) -> None:
    callback = "callbacks: [{0}{{class_path: DeltaMMonitor, init_args: {{baseline: {{val/a: {1}}}}}}}]"
    folders = [run_in(name, f"{name}()") for name in ("A", "B", "C")]
    for folder, before, baseline in zip(folders, ("", "X, ", ""), (0.6, 0.6, 2.0), strict=True):
        with (folder / "config.yaml").open("a") as config:
            config.write(f"\ntrainer: {{{callback.format(before, baseline)}}}\n")
    ranked, left_out = leads(folders)
    assert re.findall(r"\b[ABC]\b", ranked) == ["A", "B"]
    assert left_out.endswith("with those of A: C (another baseline: val/a).")


def test_nothing_is_ranked_where_no_two_methods_can_be_compared(run_in: Callable[..., Path]) -> None:
    said = leads([run_in("ours", baseline="a.json"), run_in("sum", "Sum()", baseline="b.json")])
    assert len(said) == 1
    assert said[0].endswith("Sum (another baseline: baseline).")


def test_a_baseline_that_is_not_known_differs_from_none(run_in: Callable[..., Path]) -> None:
    folders = [run_in("sum", "Sum()"), run_in("a", "A()", baseline="a.json"), run_in("b", "B()", baseline="b.json")]
    ranked, left_out = leads(folders)
    assert re.findall(r"\b(Sum|A|B)\b", ranked) == ["Sum", "A"]
    assert left_out.endswith("with those of Sum: B (another baseline: baseline).")


def test_other_lengths_are_said_beside_the_ranking(run_in: Callable[..., Path]) -> None:
    folders = [run_in("ours", delta_m=[-2.0, -1.0]), run_in("sum", "Sum()", delta_m=[-1.0])]
    (same,) = leads(folders)
    assert "equally long" not in same
    history = History.load(folders[1])
    later = replace(history.validations, epochs=2 * history.validations.epochs)
    replace(history, validations=later).save(folders[1])
    (said,) = leads(folders)
    assert said.endswith("Not all trained equally long; epochs: GO4Align 3, Sum 6.")


def test_values_of_secrets_are_hidden(tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text("trainer: {logger: {init_args: {api_key: abc}}}\ndata: {root: x}\n")
    assert configuration(tmp_path) == {"trainer.logger.init_args.api_key": "(hidden)", "data.root": "x"}


def test_a_setting_that_only_one_run_has_is_a_difference() -> None:
    assert differences([{"a": "1"}, {"a": "1", "b": "2"}]) == ["b"]
