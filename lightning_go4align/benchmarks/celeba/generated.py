"""Made-up photographs in CelebA's layout, so that demo and tests run the code that loads the real ones."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image
from typing_extensions import override

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.benchmarks.celeba.annotations import SPLITS
from lightning_go4align.benchmarks.celeba.data import CelebAData
from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES
from lightning_go4align.functional.arguments import as_integer

Rows = npt.NDArray[Any]


def write_faces(root: Path, samples: Sequence[int]) -> None:
    """Write annotations and images of 178x218, unless ``root`` is there already.

    Each attribute is the brightness of one tile of the image, over noise; some are rare, as in CelebA.

    Args:
        root: Folder to make; it appears when it is complete.
        samples: Number of training, validation and test images.

    Example:
        >>> from tempfile import mkdtemp
        >>> root = Path(mkdtemp(), "celeba")
        >>> write_faces(root, [2, 1, 1])
        >>> (root / "Anno/list_attr_celeba.txt").read_text().splitlines()[0]
        '4'
    """
    if root.is_dir():
        return
    generator = np.random.default_rng(0)
    total, shares = sum(samples), np.linspace(0.1, 0.8, len(ATTRIBUTES))
    attributes = generator.random((total, len(ATTRIBUTES))) < shares
    names = [f"{i:06d}.jpg" for i in range(1, total + 1)]
    with atomic_write(root) as unfinished:
        for folder in ("Anno", "Eval", "Img/img_align_celeba"):
            (unfinished / folder).mkdir(parents=True)
        for name, row in zip(names, attributes, strict=True):
            tiles = np.kron(row.reshape(8, 5), np.ones((28, 36)))[:218, :178, None]
            pixels = 60 + 130 * tiles + generator.normal(0, 25, (218, 178, 3))
            Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(unfinished / "Img/img_align_celeba" / name)
        _write_annotations(unfinished, names, attributes, np.repeat([0, 1, 2], samples))


def _write_annotations(root: Path, names: list[str], attributes: Rows, splits: Rows) -> None:
    rows = [
        f"{name} {' '.join('1' if value else '-1' for value in row)}"
        for name, row in zip(names, attributes, strict=True)
    ]
    table = [str(len(names)), " ".join(ATTRIBUTES), *rows, ""]
    (root / "Anno/list_attr_celeba.txt").write_text("\n".join(table))
    partition = [f"{name} {split}\n" for name, split in zip(names, splits, strict=True)]
    (root / "Eval/list_eval_partition.txt").write_text("".join(partition))


class GeneratedCelebA(CelebAData):
    """Made-up faces written in the layout of CelebA and read by the same code: for demo and tests.

    Args:
        num_train: Number of training images.
        num_val: Number of validation images.
        num_test: Number of test images.
        folder: Folder for the files; one in the system's temporary folder if not given.
        batch_size: Samples a step.

    Example:
        >>> data = GeneratedCelebA(num_train=4, num_val=2, num_test=2)
        >>> data.prepare_data()
        >>> data.setup("fit")
        >>> {name: len(split) for name, split in data.splits.items()}
        {'train': 4, 'val': 2, 'test': 2}
    """

    made_up = True

    def __init__(
        self,
        num_train: int = 1024,
        num_val: int = 256,
        num_test: int = 256,
        folder: str | None = None,
        batch_size: int = 64,
    ) -> None:
        sizes = {"num_train": num_train, "num_val": num_val, "num_test": num_test}
        numbers = [as_integer(name, size, least=0) for name, size in sizes.items()]
        self.samples = dict(zip(SPLITS, numbers, strict=True))
        name = "-".join(map(str, ["celeba", *numbers]))
        root = Path(folder or Path(gettempdir(), "lightning_go4align"), name)
        super().__init__(str(root), batch_size, cache=str(root / "cache"), num_workers=0)

    @override
    def prepare_data(self) -> None:
        write_faces(self.root, list(self.samples.values()))
        super().prepare_data()
