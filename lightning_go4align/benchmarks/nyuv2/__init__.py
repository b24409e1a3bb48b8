"""NYUv2: segmentation, depth and surface normals of indoor scenes (Table 1)."""

from lightning_go4align.benchmarks.nyuv2.data import GeneratedNYUv2, NYUv2Data
from lightning_go4align.benchmarks.nyuv2.model import NYUv2MTAN, NYUv2Split
from lightning_go4align.benchmarks.nyuv2.module import NYUv2Module

__all__ = ["GeneratedNYUv2", "NYUv2Data", "NYUv2MTAN", "NYUv2Module", "NYUv2Split"]
