"""From finished runs to the results of a study."""

import math

from lightning_go4align.studies.choosing import logged_instead
from lightning_go4align.studies.logs import last_value, logged, median_value
from lightning_go4align.studies.names import short_name
from lightning_go4align.studies.plan import Plan, Run
from lightning_go4align.studies.results import Results, Row


def collect(plan: Plan) -> Results:
    """Read the finished runs of a study: one a method and seed, with the chosen learning rate.

    Args:
        plan: The study's plan.

    Returns:
        Its results; rows are in the order of methods, then seeds.
    """
    study = plan.study
    runs = [plan.chosen(name, seed) for name in study.methods for seed in study.seeds_of(name)]
    return Results(
        methods=list(study.methods),
        columns=[short_name(name) for name in study.columns],
        rows=[_row(run) for run in runs if run is not None and run.is_finished],
        higher_is_better=frozenset(map(short_name, study.higher_is_better)),
        baseline=plan.baseline,
        reference=study.reference,
        x={name: method.x for name, method in study.methods.items() if method.x is not None},
        planned=len(runs),
    )


def _row(run: Run) -> Row:
    return Row(
        method=run.method,
        seed=run.seed,
        values={short_name(name): _value(run, name) for name in run.columns},
        learning_rate=run.learning_rate,
        seconds=median_value(run.folder, "cost/seconds"),
        cpu_seconds=median_value(run.folder, "cost/cpu_seconds"),
        memory=max(logged(run.folder, "cost/memory"), default=math.nan),
        folder=run.folder,
    )


def _value(run: Run, name: str) -> float:
    value = last_value(run.folder, name)
    if value is None:
        raise ValueError(
            f"{run.title} logged no {name!r}. Correct `columns` of the study; its logs: {run.folder}. "
            f"{logged_instead([run.folder], name)}"
        )
    return value
