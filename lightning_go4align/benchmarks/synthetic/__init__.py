"""Any number of tasks with a known answer: regression on random targets in groups of one scale each."""

from lightning_go4align.benchmarks.synthetic.data import SyntheticData
from lightning_go4align.benchmarks.synthetic.module import SyntheticModule

__all__ = ["SyntheticData", "SyntheticModule"]
