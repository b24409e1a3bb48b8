"""Two objectives of two parameters, whose Pareto front is known."""

from lightning_go4align.benchmarks.toy.module import ToyModule
from lightning_go4align.benchmarks.toy.objectives import FRONT_X, FRONT_Y, STARTS, distance_to_front, objectives

__all__ = ["FRONT_X", "FRONT_Y", "STARTS", "ToyModule", "distance_to_front", "objectives"]
