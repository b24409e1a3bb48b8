"""The paper's tables and figures from runs."""

from lightning_go4align.studies.baselines import SingleTaskBaseline
from lightning_go4align.studies.collection import collect
from lightning_go4align.studies.execution import Outcome, execute
from lightning_go4align.studies.plan import Plan, make_plan
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.results import Baseline, Results, Row
from lightning_go4align.studies.runner import checked_plan, run_study
from lightning_go4align.studies.study import Method, Study

__all__ = [
    "Baseline",
    "Method",
    "Outcome",
    "Plan",
    "Results",
    "Row",
    "SingleTaskBaseline",
    "Study",
    "checked_plan",
    "collect",
    "execute",
    "make_plan",
    "read_study",
    "run_study",
]
