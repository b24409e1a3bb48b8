from pathlib import Path
from types import SimpleNamespace

import pytest

from lightning_go4align.benchmarks.celeba.data import CelebAData
from lightning_go4align.benchmarks.celeba.generated import write_faces


@pytest.fixture
def celeba(tmp_path: Path) -> SimpleNamespace:
    """Six training, three validation and two test images in CelebA's layout."""
    root = tmp_path / "celeba"
    write_faces(root, [6, 3, 2])
    return SimpleNamespace(
        root=root,
        attributes=root / "Anno/list_attr_celeba.txt",
        partition=root / "Eval/list_eval_partition.txt",
        images=root / "Img/img_align_celeba",
        data=lambda **options: CelebAData(str(root), **{"num_workers": 0, "batch_size": 4, **options}),
    )
