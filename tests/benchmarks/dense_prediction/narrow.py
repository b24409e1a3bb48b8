"""Networks narrow enough for tests."""

from typing import Any

from lightning.pytorch import seed_everything
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.benchmarks.cityscapes import CityScapesModule, CityScapesMTAN

NARROW = [4, 4, 4, 4, 4]


def cityscapes_module(method: Scalarizer | Aggregator, **options: Any) -> CityScapesModule:
    seed_everything(0, verbose=False)
    return CityScapesModule(method, CityScapesMTAN(NARROW), learning_rate=2e-2, **options)
