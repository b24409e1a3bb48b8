import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from lightning_go4align import __version__
from lightning_go4align.studies import runner
from lightning_go4align.studies.execution import Outcome
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.runner import run_study
from lightning_go4align.studies.study import Study

RATES = [1e-3, 5e-4, 1e-4]  # of the paper's search


def titles(study: Study) -> list[str]:
    return [run.title for run in make_plan(study).runs]


def test_runs_go_seed_after_seed_so_that_what_is_finished_is_paired(study: Callable[..., Study]) -> None:
    methods = {"LS": {"seeds": [0, 1]}, "SI": {"seeds": [0, 1]}, "UW": {"seeds": [1]}}
    expected = ["LS, seed 0", "SI, seed 0", "LS, seed 1", "SI, seed 1", "UW, seed 1"]
    assert titles(study(methods=methods)) == expected


def test_learning_rates_are_searched_with_the_first_seed_before_the_others_run(study: Callable[..., Study]) -> None:
    planned = titles(study(learning_rates=RATES, seeds=[4, 5]))
    assert planned == [f"LS, seed 4, learning rate {rate}" for rate in ("0.001", "0.0005", "0.0001")]


def test_the_learning_rate_of_the_best_validation_epoch_wins(
    study: Callable[..., Study], finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5])
    for run, scores in zip(make_plan(asked).runs, ([9.0, 8.0], [7.0, 30.0], [8.0, 7.5]), strict=True):
        finish(run, [{"val/delta_m": score} for score in scores])
    assert titles(asked)[-1] == "LS, seed 5, learning rate 0.0005"


def test_seeds_that_are_not_judged_choose_the_learning_rate_by_their_mean(
    study: Callable[..., Study], finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    asked = study(learning_rates=RATES, learning_rate_seeds=[8, 9], seeds=[4, 5])
    searching = make_plan(asked)
    assert {run.seed for run in searching.runs} == {8, 9}
    assert searching.waiting == 2
    scores = {1e-3: [1.0, 9.0], 5e-4: [4.0, 4.0], 1e-4: [3.0, 6.0]}  # the best alone, in the mean, and neither
    for run in searching.runs:
        assert run.learning_rate is not None
        finish(run, [{"val/delta_m": scores[run.learning_rate][run.seed - 8]}])
    assert titles(asked)[-2:] == [f"LS, seed {seed}, learning rate 0.0005" for seed in (4, 5)]


def test_a_learning_rate_that_gave_no_number_never_wins(
    study: Callable[..., Study], finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    asked = study(learning_rates=RATES, seeds=[4, 5])
    for run, score in zip(make_plan(asked).runs, (float("nan"), 3.0, float("nan")), strict=True):
        finish(run, [{"val/delta_m": score}])
    assert titles(asked)[-1] == "LS, seed 5, learning rate 0.0005"


def test_studies_of_one_folder_share_a_run_whatever_they_call_it(study: Callable[..., Study], tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    groups = {"model.init_args.method.init_args.num_groups": 5}
    one = study(tmp_path / "a", folder="..", methods={"GO4Align": {"overrides": groups}})
    other = study(tmp_path / "b", folder="..", methods={"K = 5": {"overrides": groups}})
    assert make_plan(one).runs[0].folder == make_plan(other).runs[0].folder


def test_another_budget_is_another_run(study: Callable[..., Study], tmp_path: Path) -> None:
    runs = {
        make_plan(study(tmp_path, overrides={"trainer.max_epochs": epochs})).runs[0].folder.name for epochs in (2, 3)
    }
    assert len(runs) == 2


@pytest.mark.parametrize(
    ("errors", "is_same"),
    [pytest.param({"worst": 1.0}, True, id="same errors"), pytest.param({"worst": 2.0}, False, id="other errors")],
)
def test_a_run_depends_on_what_its_baseline_says_and_not_where(
    study: Callable[..., Study], tmp_path: Path, errors: dict[str, float], is_same: bool
) -> None:
    for name, values in (("before", {"worst": 1.0}), ("after", errors)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"about": "", "errors": values}))
    before, after = (
        make_plan(study(tmp_path, baseline=f"{name}.json", baseline_argument="model.init_args.baseline")).runs[0]
        for name in ("before", "after")
    )
    assert (before.folder == after.folder) is is_same


def test_a_missing_baseline_is_named_with_the_study_that_writes_it(study: Callable[..., Study]) -> None:
    asked = study(baseline="stl.json", baseline_argument="model.init_args.baseline")
    with pytest.raises(FileNotFoundError, match="run that one first"):
        make_plan(asked)


def test_the_reference_must_be_a_method(study: Callable[..., Study]) -> None:
    with pytest.raises(ValueError, match="must be one of"):
        study(reference="SI")


def test_a_dry_run_estimates_from_finished_runs(
    make_study: Callable[..., Path],
    study: Callable[..., Study],
    finish: Callable[[Run, Sequence[Mapping[str, float]]], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    finish(make_plan(study(tmp_path, seeds=[0, 1, 2])).runs[0], [{"test/worst": 1.0}])  # took 30 seconds
    run_study(make_study(tmp_path, seeds=[0, 1, 2]), jobs=2, dry_run=True)
    assert "About 30 s with 2 jobs" in capsys.readouterr().out


def test_a_dry_run_counts_the_runs_that_wait_for_a_learning_rate(
    make_study: Callable[..., Path],
    study: Callable[..., Study],
    finish: Callable[[Run, Sequence[Mapping[str, float]]], None],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    entries = {"learning_rates": RATES, "seeds": [4, 5, 6]}
    run_study(make_study(tmp_path, **entries), dry_run=True)
    for run in make_plan(study(tmp_path, **entries)).runs:
        finish(run, [{"val/delta_m": 1.0}])
    run_study(make_study(tmp_path, **entries), dry_run=True)
    before, after = capsys.readouterr().out.split("No run is finished yet")
    assert ("and 2 more once" in before, "more once" in after) == (True, False)


def test_a_dry_run_waits_for_no_learning_rate_without_a_search(
    make_study: Callable[..., Path], capsys: pytest.CaptureFixture[str]
) -> None:
    run_study(make_study(methods={"LS": {}, "the same": {}}, seeds=[0, 1]), dry_run=True)
    assert "more once" not in capsys.readouterr().out


def test_a_dry_run_starts_nothing(make_study: Callable[..., Path], tmp_path: Path) -> None:
    run_study(make_study(tmp_path), dry_run=True)
    assert [file.name for file in tmp_path.iterdir()] == ["study.yaml"]


def test_failed_runs_are_named_even_if_no_table_can_be_written(
    make_study: Callable[..., Path],
    finish: Callable[[Run, Sequence[Mapping[str, float]]], None],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = make_study(tmp_path, seeds=[0, 1])
    finish(make_plan(read_study(file)).runs[0], [{"test/delta_m": 1.0, "test/worst": 1.0}])
    monkeypatch.setattr(runner, "execute", lambda *_: Outcome({"LS, seed 1": "RuntimeError: [/data/x]"}))
    (tmp_path / "study").touch()  # a file where the study's folder should be
    with pytest.raises(FileExistsError):
        run_study(file)
    assert "1 run failed:\nLS, seed 1: RuntimeError: [/data/x]\n" in capsys.readouterr().err


def test_a_run_keeps_its_folder_when_its_configuration_names_the_one_device_that_it_had(
    study: Callable[..., Study], tmp_path: Path
) -> None:
    (tmp_path / "base.yaml").write_text("trainer: {max_epochs: 2}\n")
    said, unsaid, two = (
        make_plan(study(tmp_path, benchmark=["base.yaml"], methods={"LS": {}}, overrides=devices)).runs[0].folder
        for devices in ({"trainer.devices": 1}, None, {"trainer.devices": 2})
    )
    assert said == unsaid != two


def test_the_name_of_a_run_is_a_digest_of_its_configuration(study: Callable[..., Study], tmp_path: Path) -> None:
    """As it was in earlier releases, whose folders go on."""
    (tmp_path / "base.yaml").write_text("a: 1\n")
    (run,) = make_plan(study(tmp_path, benchmark=["base.yaml"], methods={"LS": {}}, overrides=None)).runs
    content = f'["{__version__}", {{"a": 1, "seed_everything": 0}}, null]'
    assert run.folder.name == hashlib.sha256(content.encode()).hexdigest()[:12]


def test_files_are_read_once(study: Callable[..., Study], tmp_path: Path) -> None:
    (tmp_path / "base.yaml").write_text("a: 1\n")
    plan = make_plan(study(tmp_path, benchmark=["base.yaml"], methods={"LS": {}}))
    (tmp_path / "base.yaml").unlink()
    assert plan.again() == plan
