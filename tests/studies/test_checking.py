"""What a study says of its configurations before anything runs."""

from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_go4align.cli.acceptance import refusals
from lightning_go4align.studies.checking import check_configs
from lightning_go4align.studies.command import study as study_command
from lightning_go4align.studies.plan import Plan, make_plan
from lightning_go4align.studies.study import Study

LS = "torchjd.scalarization.Sum"
METHOD = "model.init_args.method"


@pytest.fixture
def plan(study: Callable[..., Study]) -> Callable[..., Plan]:
    """Plan a study whose methods have these overrides."""
    return lambda **methods: make_plan(study(methods={name: {"overrides": given} for name, given in methods.items()}))


def test_what_fit_takes_passes_and_leaves_no_run(plan: Callable[..., Plan]) -> None:
    planned = plan(LS={METHOD: LS}, K={METHOD: "GO4Align"})
    check_configs(planned, refusals)
    assert not any(run.folder.exists() for run in planned.runs)


@pytest.mark.parametrize(
    ("overrides", "said"),
    [
        ({METHOD: {"class_path": "GO4Align", "init_args": {"num_grops": 3}}}, "no argument `num_grops`.*num_groups"),
        ({METHOD: "GO4Aling"}, "'GO4Aling', which is no known Scalarizer.*GO4Align"),
        ({METHOD: LS, "trainer.max_epochs": "many"}, "`trainer.max_epochs` must be an integer, but is 'many'"),
        ({METHOD: LS, "trainer.max_epoch": 3}, "max_epoch.*max_epochs"),
        ({METHOD: LS, "trainer.log_every_n_steps": -3}, "`trainer.log_every_n_steps`"),
        ({METHOD: LS, "data": "nowhere.Data"}, "nowhere"),
    ],
)
def test_what_fit_would_refuse_is_told_with_its_method(
    plan: Callable[..., Plan], overrides: dict[str, object], said: str
) -> None:
    with pytest.raises(ValueError, match=f"'wrong' cannot be trained: .*{said}"):
        check_configs(plan(LS={METHOD: LS}, wrong=overrides), refusals)


def test_every_method_that_cannot_be_trained_is_named(plan: Callable[..., Plan]) -> None:
    wrong = {METHOD: "GO4Aling"}
    with pytest.raises(ValueError, match=r"'a' cannot be trained: .*\. Nor can 'c', 'd'\.$"):
        check_configs(plan(a=wrong, b={METHOD: LS}, c=wrong, d=wrong), refusals)


def test_a_number_of_tasks_that_a_fit_would_count_is_not_missed(plan: Callable[..., Plan]) -> None:
    check_configs(plan(FAMO={METHOD: "FAMO"}), refusals)


def test_a_method_with_a_finished_run_is_not_looked_at(plan: Callable[..., Plan]) -> None:
    planned = plan(wrong={METHOD: "GO4Aling"})
    planned.runs[0].folder.mkdir(parents=True)
    (planned.runs[0].folder / "finished.json").write_text("{}")
    check_configs(planned, refusals)


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize("where", ["methods", "single_task"])
def test_the_command_looks_before_it_runs_anything(
    make_study: Callable[..., Path], dry_run: bool, where: str
) -> None:
    columns = ["test/delta_m", "test/worst"]
    alone = {"columns": columns, "select_by": "val/loss"}
    entries = {"methods": {"LS": {"overrides": {METHOD: LS}}}, "single_task": {"one": alone}}
    entries[where] = {"wrong": {"overrides": {METHOD: "GO4Aling"}, **(alone if where == "single_task" else {})}}
    file = make_study(columns=columns, **entries)
    with pytest.raises(ValueError, match="'wrong' cannot be trained"):
        study_command(file, dry_run=dry_run, refusals=refusals)
    assert not (file.parent / "runs").exists()
