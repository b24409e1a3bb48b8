"""NYUv2: segmentation, depth and surface normals of indoor scenes (Table 1)."""

from typing import TYPE_CHECKING

from lightning_go4align.on_demand import on_demand

if TYPE_CHECKING:  # Published numbers are read without torch.
    from lightning_go4align.benchmarks.nyuv2.data import GeneratedNYUv2, NYUv2Data
    from lightning_go4align.benchmarks.nyuv2.model import NYUv2MTAN, NYUv2Split
    from lightning_go4align.benchmarks.nyuv2.module import NYUv2Module

__all__ = ["GeneratedNYUv2", "NYUv2Data", "NYUv2MTAN", "NYUv2Module", "NYUv2Split"]

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {".data": ["GeneratedNYUv2", "NYUv2Data"], ".model": ["NYUv2MTAN", "NYUv2Split"], ".module": ["NYUv2Module"]},
    )
