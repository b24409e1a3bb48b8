"""CelebA's two text files: which image belongs to which split, and its 40 attributes."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from lightning_go4align.benchmarks.celeba.published import ATTRIBUTES

SPLITS = ("train", "val", "test")
ORIGIN = (
    "Get CelebA (aligned and cropped images, attributes, partition) from mmlab.ie.cuhk.edu.hk/projects/CelebA.html "
    "and point `data.root` to the folder with Anno/, Eval/ and Img/."
)


def read_partition(path: Path) -> dict[str, list[str]]:
    r"""Read ``list_eval_partition.txt``: a line for each image, its name and 0, 1 or 2.

    Args:
        path: The file.

    Returns:
        Names of the images of each of the splits ``train``, ``val`` and ``test``, in the order of the file.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a line is anything else, or a split is empty.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "list_eval_partition.txt")
        >>> _ = path.write_text("000001.jpg 0\n000002.jpg 1\n000003.jpg 2\n")
        >>> read_partition(path)
        {'train': ['000001.jpg'], 'val': ['000002.jpg'], 'test': ['000003.jpg']}
    """
    names: dict[str, list[str]] = {split: [] for split in SPLITS}
    for number, line in enumerate(_lines(path), start=1):
        match line.split():
            case [name, "0" | "1" | "2" as split]:
                names[SPLITS[int(split)]].append(name)
            case _:
                raise ValueError(
                    f"{path}, line {number}: expected a name and 0, 1 or 2, but found {line!r}. {ORIGIN}"
                )
    if not all(names.values()):
        found = {split: len(members) for split, members in names.items()}
        raise ValueError(f"{path} must have images in every split, but has {found}. {ORIGIN}")
    return names


def read_attributes(path: Path) -> dict[str, Tensor]:
    r"""Read ``list_attr_celeba.txt``: the number of images, the names of the attributes, then a line for each image.

    Args:
        path: The file.

    Returns:
        Attributes of each image by its name, shape ``[40]``, bool.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the attributes have other names or another order, a line has not 40 values of 1 and -1, or the
            number of lines is not the one in the first line.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp(), "list_attr_celeba.txt")
        >>> _ = path.write_text(f"1\n{' '.join(ATTRIBUTES)}\n000001.jpg 1{' -1' * 39}\n")
        >>> int(read_attributes(path)["000001.jpg"].sum())
        1
    """
    lines = _lines(path)
    count, header = [*lines, "", ""][:2]
    if tuple(header.split()) != ATTRIBUTES:
        raise ValueError(f"{path}, line 2: expected the names {' '.join(ATTRIBUTES)}, but found {header!r}. {ORIGIN}")
    if count.strip() != str(len(lines) - 2):
        raise ValueError(f"{path} announces {count.strip()} images, but describes {len(lines) - 2}. {ORIGIN}")
    attributes = {}
    for number, line in enumerate(lines[2:], start=3):
        match line.split():
            case [name, *values] if len(values) == len(ATTRIBUTES) and {"1", "-1"}.issuperset(values):
                attributes[name] = torch.tensor([value == "1" for value in values])
            case _:
                raise ValueError(
                    f"{path}, line {number}: expected a name and 40 values of 1 and -1, but found {line!r}. {ORIGIN}"
                )
    return attributes


def check_images(folder: Path, names: Sequence[str], attributes: dict[str, Tensor]) -> None:
    """Refuse a folder in which an image is missing, and images without attributes.

    Args:
        folder: ``<root>/Img/img_align_celeba``.
        names: Images of the partition.
        attributes: Attributes by name of the image.

    Raises:
        FileNotFoundError: If the folder or an image is missing.
        ValueError: If an image has no attributes.

    Example:
        >>> check_images(Path("nowhere"), [], {})
        Traceback (most recent call last):
        FileNotFoundError: The images of CelebA are expected in nowhere, which is not there. Get CelebA ...
    """
    if not folder.is_dir():
        raise FileNotFoundError(f"The images of CelebA are expected in {folder}, which is not there. {ORIGIN}")
    missing = set(names).difference(path.name for path in folder.iterdir())
    if missing:
        raise FileNotFoundError(f"{folder / min(missing)} is missing, and {len(missing) - 1} more. {ORIGIN}")
    unknown = set(names).difference(attributes)
    if unknown:
        raise ValueError(
            f"{min(unknown)} has no attributes in Anno/list_attr_celeba.txt, nor {len(unknown) - 1} more."
        )


def _lines(path: Path) -> list[str]:
    if not path.is_file():
        raise FileNotFoundError(f"CelebA needs {path}, which is not there. {ORIGIN}")
    return path.read_text().splitlines()
