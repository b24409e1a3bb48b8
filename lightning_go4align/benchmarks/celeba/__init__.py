"""CelebA: 40 attributes of faces (Table 2)."""

from lightning_go4align.benchmarks.celeba.data import CelebAData
from lightning_go4align.benchmarks.celeba.generated import GeneratedCelebA
from lightning_go4align.benchmarks.celeba.model import CelebANetwork
from lightning_go4align.benchmarks.celeba.module import CelebAModule

__all__ = ["CelebAData", "CelebAModule", "CelebANetwork", "GeneratedCelebA"]
