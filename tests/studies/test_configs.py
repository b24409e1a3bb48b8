import dataclasses
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from lightning_go4align.studies import read_study
from lightning_go4align.studies.merge import nested
from lightning_go4align.studies.plan import Run, make_plan
from lightning_go4align.studies.study import Study

STUDIES = sorted((Path(__file__).parents[2] / "configs" / "studies").glob("*.yaml"))


@pytest.fixture(params=STUDIES, ids=lambda file: file.stem)
def planned(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Study, tuple[Run, ...]]:
    """A study of the project with its runs, as if no other study had run."""
    study = read_study(request.param)
    if study.baseline_argument is not None:  # a file, which may not be there yet
        (tmp_path / "stl.json").write_text(json.dumps({"about": "", "errors": {}}))
        study = dataclasses.replace(study, baseline=str(tmp_path / "stl.json"))
    return dataclasses.replace(study, folder=str(tmp_path)), make_plan(
        dataclasses.replace(study, folder=str(tmp_path))
    ).runs


def test_every_study_of_the_project_plans_its_runs(planned: tuple[Study, tuple[Run, ...]]) -> None:
    study, runs = planned
    rates = max(len(study.learning_rates), 1)
    is_search = rates > 1  # then the others wait for it
    seeds = study.choosing_seeds_of if is_search else study.seeds_of
    assert len(runs) == sum(len(seeds(method)) for method in study.methods) * rates


def test_no_two_methods_of_a_study_are_the_same_run(planned: tuple[Study, tuple[Run, ...]]) -> None:
    study, runs = planned
    methods = {name for name in study.methods if study.search is None or name != study.reference}
    folders = [run.folder for run in runs if run.method in methods]  # A search may change what the reference is.
    assert len(set(folders)) == len(folders)


def test_every_run_says_its_method_and_its_end(planned: tuple[Study, tuple[Run, ...]]) -> None:
    _, runs = planned
    assert all(run.config["model"]["init_args"]["method"] and run.num_epochs for run in runs)


def test_a_method_may_stand_in_the_study_itself(study: Callable[..., Study]) -> None:
    method = {"class_path": "lightning_go4align.methods.SI"}
    asked = study(methods={"SI": {"overrides": {"model.init_args.method": method}}})
    assert asked.methods["SI"].overrides == {"model.init_args.method": method}
    assert nested(asked.methods["SI"].overrides)["model"]["init_args"]["method"] == method
