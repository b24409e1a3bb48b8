"""Networks of one task each, which a study trains first to compare with."""

from dataclasses import replace
from pathlib import Path

from lightning_go4align.studies.baselines import SingleTaskBaseline
from lightning_go4align.studies.merge import merged, nested
from lightning_go4align.studies.reading import read_mapping
from lightning_go4align.studies.study import Method, Study

METHOD = "model.init_args.method"


def needs_baseline(study: Study) -> bool:
    """Tell whether a study has to train single-task networks before it can compare."""
    return bool(study.single_task) and study.baseline is None


def single_tasks(study: Study) -> Study:
    """Make the study that trains each task alone, and writes what comes out as a baseline.

    Args:
        study: A study with ``single_task``.

    Raises:
        ValueError: If a file of a task is no configuration.
        OSError: If it is missing.
    """
    methods = {
        task: replace(_alone(task, method), select_by=study.select_by_of_task(task))
        for task, method in study.single_task.items()
    }
    return replace(
        study,
        name=f"{study.name}_stl",
        methods=methods,
        single_task={},
        baseline_argument=None,
        reference=None,
        search=None,
        outputs=[SingleTaskBaseline(f"single-task networks of the study {study.name}")],
    )


def _alone(task: str, method: Method) -> Method:
    own = merged(*(read_mapping(Path(name)) for name in method.configs), nested(method.overrides))
    arguments = merged({"model": "of the benchmark"}, {"model": own.get("model") or {}})["model"].get("init_args", {})
    if "method" in arguments:
        return method
    alone = {"class_path": "lightning_go4align.methods.SingleTask", "init_args": {"task": task}}
    return replace(method, overrides={METHOD: alone, **method.overrides})


def with_baseline(study: Study) -> Study:
    """Let a study compare with the single-task networks that it has trained; as it is while there are none.

    Args:
        study: The study.
    """
    file = Path(study.folder) / f"{study.name}_stl" / "baseline.json"
    return replace(study, baseline=str(file)) if needs_baseline(study) and file.is_file() else study
