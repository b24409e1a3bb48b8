"""Print what a recipe's metrics became: `python examples/recipes/compare.py nequip_forces`."""

import logging
import sys
import warnings
from importlib import import_module
from pathlib import Path
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


def main(name: str) -> None:
    """Train with nothing, GO4Align and RobustGO4Align, and print a row for each."""
    sys.path.insert(0, str(Path(__file__).parents[1]))
    plain, balanced = (import_module(f"recipes.{name}.{part}") for part in ("plain", "balanced"))
    runs = {"plain": plain.fit} | {
        label: lambda make=make: balanced.fit(make(plain)) for label, make in METHODS.items()
    }
    print("| | " + " | ".join(f"`{metric}`" for metric in plain.METRICS) + " |")
    print("| --- |" + " ---: |" * len(plain.METRICS))
    for label, fit in runs.items():
        found = fit().callback_metrics
        print(f"| {label} | " + " | ".join(f"{float(found[metric]):.4g}" for metric in plain.METRICS) + " |")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    main(*sys.argv[1:])
