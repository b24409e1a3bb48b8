"""The paper's tables and figures from runs."""

from lightning_go4align.studies.baselines import SingleTaskBaseline
from lightning_go4align.studies.reading import read_study
from lightning_go4align.studies.results import Baseline, Results, Row
from lightning_go4align.studies.runner import checked_study, run_study
from lightning_go4align.studies.study import Method, Study

__all__ = [
    "Baseline",
    "Method",
    "Results",
    "Row",
    "SingleTaskBaseline",
    "Study",
    "checked_study",
    "read_study",
    "run_study",
]
