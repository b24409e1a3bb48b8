"""Every metric of the package, found by walking it, so that none is forgotten."""

import importlib
import inspect
import pkgutil
import re

import pytest
from torchmetrics import Metric

import lightning_go4align


def metrics_of_the_package() -> list[type[Metric]]:
    """Every metric that is defined anywhere in the package, benchmarks included."""
    names = [module.name for module in pkgutil.walk_packages(lightning_go4align.__path__, "lightning_go4align.")]
    # These hold no metric, and need Triton, wandb, Ray and submitit, which the matrix of versions does without.
    wanted = [name for name in names if not re.search(r"__main__$|\.(kernels|dashboard|studies)\.", name)]
    modules = [importlib.import_module(name) for name in wanted]
    classes = {
        found
        for module in modules
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, Metric) and found.__module__.startswith("lightning_go4align.")
    }
    return sorted((found for found in classes if not inspect.isabstract(found)), key=lambda found: found.__name__)


METRICS = metrics_of_the_package()
EVERY_METRIC = pytest.mark.parametrize("kind", METRICS, ids=lambda kind: kind.__name__)
