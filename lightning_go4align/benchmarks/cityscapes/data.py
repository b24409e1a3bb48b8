"""CityScapes as published with MTAN: 2975 training and 500 test images, 7 classes and inverse depth."""

import torch

from lightning_go4align.benchmarks.cityscapes.model import OUTPUTS
from lightning_go4align.benchmarks.dense_prediction.data import DataSet, DensePredictionData, GeneratedData
from lightning_go4align.benchmarks.dense_prediction.generated import disparity
from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap, Layout

ORIGIN = (
    "Get the preprocessed arrays (128x256) that the repository lorenmt/mtan links to and point `data.root` to the "
    "folder with train/ and val/."
)


def cityscapes_layout(size: tuple[int, int] = (128, 256)) -> Layout:
    """Describe the files: image in [0, 1], labels -1 to 6, normalised disparity (inverse depth, 0 unknown).

    Example:
        >>> cityscapes_layout().maps["segmentation"].folder
        'label_7'
    """
    maps = {
        "image": ArrayMap("image", (*size, 3), torch.float32, 0, 1, slack=1e-3),
        "segmentation": ArrayMap("label_7", size, torch.int64, -1, OUTPUTS["segmentation"] - 1),
        "depth": ArrayMap("depth", (*size, 1), torch.float32, 0, 1),
    }
    return Layout("CityScapes", maps, ORIGIN)


class CityScapesData(DensePredictionData):
    """CityScapes, ``<root>/{train,val}/{image,label_7,depth}/<i>.npy``.

    Example:
        >>> CityScapesData(root="data/cityscapes").batch_size
        8
    """

    data_set = DataSet(
        cityscapes_layout,
        "data/cityscapes",
        batch_size=8,
        size=(128, 256),
        generated_size=(64, 128),
        depth_of=disparity,
    )


class GeneratedCityScapes(GeneratedData, CityScapesData):
    """Made-up scenes in the layout of CityScapes.

    Example:
        >>> data = GeneratedCityScapes(num_train=2, num_test=1, size=(32, 32))
        >>> data.prepare_data()
        >>> data.setup("fit")
        >>> len(data.train_set)
        2
    """
