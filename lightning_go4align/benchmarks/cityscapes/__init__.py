"""CityScapes: segmentation and inverse depth of street scenes (Table 5)."""

from lightning_go4align.benchmarks.cityscapes.data import CityScapesData, GeneratedCityScapes
from lightning_go4align.benchmarks.cityscapes.model import CityScapesMTAN, CityScapesSplit
from lightning_go4align.benchmarks.cityscapes.module import CityScapesModule

__all__ = ["CityScapesData", "CityScapesMTAN", "CityScapesModule", "CityScapesSplit", "GeneratedCityScapes"]
