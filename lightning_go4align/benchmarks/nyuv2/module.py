"""The NYUv2 benchmark as a LightningModule."""

from lightning_go4align.benchmarks.dense_prediction.module import DensePredictionModule
from lightning_go4align.benchmarks.nyuv2.model import OUTPUTS, NYUv2MTAN
from lightning_go4align.benchmarks.nyuv2.published import TABLE


class NYUv2Module(DensePredictionModule):
    """Segment indoor scenes, estimate depth and surface normals (Table 1).

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> module = NYUv2Module(GO4Align(num_groups=2), NYUv2MTAN(channels=[4, 4, 4, 4, 4]))
        >>> module.evaluation.name
        'over all pixels'
    """

    outputs = OUTPUTS
    table = TABLE
    published_network = NYUv2MTAN
