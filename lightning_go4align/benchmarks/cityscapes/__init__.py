"""CityScapes: segmentation and inverse depth of street scenes (Table 5)."""

from typing import TYPE_CHECKING

from lightning_go4align.on_demand import on_demand

if TYPE_CHECKING:  # Published numbers are read without torch.
    from lightning_go4align.benchmarks.cityscapes.data import CityScapesData, GeneratedCityScapes
    from lightning_go4align.benchmarks.cityscapes.model import CityScapesMTAN, CityScapesSplit
    from lightning_go4align.benchmarks.cityscapes.module import CityScapesModule

__all__ = ["CityScapesData", "CityScapesMTAN", "CityScapesModule", "CityScapesSplit", "GeneratedCityScapes"]

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            ".data": ["CityScapesData", "GeneratedCityScapes"],
            ".model": ["CityScapesMTAN", "CityScapesSplit"],
            ".module": ["CityScapesModule"],
        },
    )
