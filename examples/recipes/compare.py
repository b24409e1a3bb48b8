"""Print what a recipe's metrics became, over seeds: `python examples/recipes/compare.py nequip_forces`."""

import logging
import sys
import warnings
from importlib import import_module
from pathlib import Path
from statistics import mean, stdev
from types import ModuleType

import torch
from torchjd.scalarization import Scalarizer

from lightning_go4align import GO4Align, RobustGO4Align
from lightning_go4align.methods import WithLowerBounds


def paper(plain: ModuleType) -> Scalarizer:
    """Make the paper's method, which needs to know how low losses can get that fall below zero."""
    bounds = getattr(plain, "BOUNDS", None)
    return GO4Align(num_groups=2) if bounds is None else WithLowerBounds(GO4Align(num_groups=2), bounds)


METHODS = {"GO4Align": paper, "RobustGO4Align": lambda plain: RobustGO4Align()}
SEEDS = range(5)


def main(name: str) -> None:
    """Train with nothing, GO4Align and RobustGO4Align, and print a row for each: mean ± standard deviation."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    plain, balanced = (import_module(f"recipes.{name}.{part}") for part in ("plain", "balanced"))
    runs = {"plain": plain.fit} | {
        label: lambda make=make: balanced.fit(make(plain)) for label, make in METHODS.items()
    }
    print("| | " + " | ".join(f"`{metric}`" for metric in plain.METRICS) + " |")
    print("| --- |" + " ---: |" * len(plain.METRICS))
    for label, fit in runs.items():
        found = []
        for plain.SEED in SEEDS:
            metrics = fit().callback_metrics
            found.append([float(metrics[metric]) for metric in plain.METRICS])
        columns = zip(*found, strict=True)
        print(f"| {label} | " + " | ".join(f"{mean(values):.4g} ± {stdev(values):.2g}" for values in columns) + " |")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    main(*sys.argv[1:])
