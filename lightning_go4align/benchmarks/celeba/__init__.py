"""CelebA: 40 attributes of faces (Table 2)."""

from typing import TYPE_CHECKING

from lightning_go4align.on_demand import on_demand

if TYPE_CHECKING:  # Published numbers are read without torch.
    from lightning_go4align.benchmarks.celeba.data import CelebAData
    from lightning_go4align.benchmarks.celeba.generated import GeneratedCelebA
    from lightning_go4align.benchmarks.celeba.model import CelebANetwork
    from lightning_go4align.benchmarks.celeba.module import CelebAModule

__all__ = ["CelebAData", "CelebAModule", "CelebANetwork", "GeneratedCelebA"]

if not TYPE_CHECKING:
    __getattr__ = on_demand(
        __name__,
        {
            ".data": ["CelebAData"],
            ".generated": ["GeneratedCelebA"],
            ".model": ["CelebANetwork"],
            ".module": ["CelebAModule"],
        },
    )
