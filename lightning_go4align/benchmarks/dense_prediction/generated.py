"""Small made-up scenes, written in the published form, so that demo and tests run the code that loads real data."""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from numpy.random import Generator

from lightning_go4align.atomic_write import atomic_write
from lightning_go4align.benchmarks.dense_prediction.layout import Array, Layout


def write_scenes(root: Path, layout: Layout, samples: Mapping[str, int], depth_of: Callable[[Array], Array]) -> None:
    """Write scenes of a few flat surfaces, unless ``root`` is there already.

    Every class has a colour, shaded by its surface's normal, so that all tasks can be learned from the image.
    Each scene has a strip without label and a patch without depth and normal.

    Args:
        root: Folder to make; it appears when it is complete.
        layout: Maps to write, out of image, segmentation, depth and normal.
        samples: Number of scenes in each split.
        depth_of: What to store for a distance in metres: :func:`metres` or :func:`disparity`.

    Example:
        >>> import torch
        >>> from tempfile import mkdtemp
        >>> from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap
        >>> layout = Layout("Tiny", {"segmentation": ArrayMap("label", (8, 8), torch.int64, -1, 6)}, origin="")
        >>> root = Path(mkdtemp()) / "tiny"
        >>> write_scenes(root, layout, {"train": 2}, metres)
        >>> np.load(root / "train/label/1.npy").shape
        (8, 8)
    """
    if root.is_dir():
        return
    generator = np.random.default_rng(0)
    with atomic_write(root) as unfinished:
        for split, number in samples.items():
            for kind in layout.maps.values():
                (unfinished / split / kind.folder).mkdir(parents=True)
            for i in range(number):
                maps = _scene(generator, layout)
                maps["depth"] = depth_of(maps["depth"])
                for name, kind in layout.maps.items():
                    np.save(unfinished / split / kind.folder / f"{i}.npy", maps[name])


def metres(depth: Array) -> Array:
    """Keep the distance, as NYUv2 does; 0 is unknown.

    Example:
        >>> metres(np.array([2.0, 0.0]))
        array([2., 0.])
    """
    return depth


def disparity(depth: Array) -> Array:
    """Invert the distance, as CityScapes does: up to 0.5 for what is near; 0 is unknown.

    Example:
        >>> disparity(np.array([2.0, 0.0]))
        array([0.25, 0.  ])
    """
    return np.divide(0.5, depth, out=np.zeros_like(depth), where=depth > 0)


def _scene(generator: Generator, layout: Layout) -> dict[str, Array]:
    kind = layout.maps["segmentation"]
    (height, width), classes = kind.shape, int(kind.high) + 1
    colours = np.random.default_rng(classes).uniform(0.1, 0.9, (classes, 3))
    label = np.zeros((height, width), np.int64)
    depth = np.full((height, width, 1), 9.0, np.float32)
    normal = np.zeros((height, width, 3), np.float32)
    normal[:] = _facing(generator)
    for _ in range(8):
        top, left = generator.integers(height * 3 // 4), generator.integers(width * 3 // 4)
        region = np.s_[top : top + height // 2, left : left + width // 2]
        label[region] = generator.integers(classes)
        depth[region] = generator.uniform(1, 8)
        normal[region] = _facing(generator)
    haze = 0.5 * (1 - np.exp(-depth / 4))
    image = colours[label] * (0.7 + 0.3 * normal) * (1 - haze) + haze
    image += generator.normal(0, 0.02, image.shape)
    label[:, :2] = -1
    depth[-height // 4 :, -width // 4 :] = 0
    normal[-height // 4 :, -width // 4 :] = 0
    return {
        "image": image.clip(0, 1).astype(np.float32),
        "segmentation": label,
        "depth": depth,
        "normal": normal,
    }


def _facing(generator: Generator) -> Array:
    x, y = generator.uniform(-0.6, 0.6, 2)
    return np.array([x, y, np.sqrt(1 - x**2 - y**2)])
