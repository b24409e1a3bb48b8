"""NYUv2 as published with MTAN: 795 training and 654 test images, three tasks."""

import torch

from lightning_go4align.benchmarks.dense_prediction.data import DataSet, DensePredictionData, GeneratedData
from lightning_go4align.benchmarks.dense_prediction.generated import metres
from lightning_go4align.benchmarks.dense_prediction.layout import ArrayMap, Layout
from lightning_go4align.benchmarks.nyuv2.model import OUTPUTS

ORIGIN = (
    "Get the preprocessed arrays (288x384) that the repository lorenmt/mtan links to, or convert the Hugging Face "
    "data set tanganke/nyuv2 (channels first there), and point `data.root` to the folder with train/ and val/."
)


def nyuv2_layout(size: tuple[int, int] = (288, 384)) -> Layout:
    """Describe the files: image in [0, 1], labels -1 to 12, depth in metres (0 unknown), unit normals (0 unknown).

    Example:
        >>> nyuv2_layout().maps["normal"].shape
        (288, 384, 3)
    """
    maps = {
        "image": ArrayMap("image", (*size, 3), torch.float32, 0, 1, slack=1e-3),
        "segmentation": ArrayMap("label", size, torch.int64, -1, OUTPUTS["segmentation"] - 1),
        "depth": ArrayMap("depth", (*size, 1), torch.float32, 0, 100),
        "normal": ArrayMap("normal", (*size, 3), torch.float32, -1, 1, slack=1e-3, is_direction=True),
    }
    return Layout("NYUv2", maps, ORIGIN)


class NYUv2Data(DensePredictionData):
    """NYUv2, ``<root>/{train,val}/{image,label,depth,normal}/<i>.npy``.

    Example:
        >>> NYUv2Data(root="data/nyuv2").batch_size
        2
    """

    data_set = DataSet(
        nyuv2_layout, "data/nyuv2", batch_size=2, size=(288, 384), generated_size=(96, 128), depth_of=metres
    )


class GeneratedNYUv2(GeneratedData, NYUv2Data):
    """Made-up scenes in the layout of NYUv2.

    Example:
        >>> data = GeneratedNYUv2(num_train=2, num_test=1, size=(32, 32))
        >>> data.prepare_data()
        >>> data.setup("fit")
        >>> len(data.train_set)
        2
    """
