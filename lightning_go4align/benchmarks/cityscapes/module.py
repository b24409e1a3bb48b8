"""The CityScapes benchmark as a LightningModule."""

from lightning_go4align.benchmarks.cityscapes.model import OUTPUTS, CityScapesMTAN
from lightning_go4align.benchmarks.cityscapes.published import TABLE
from lightning_go4align.benchmarks.dense_prediction.module import DensePredictionModule


class CityScapesModule(DensePredictionModule):
    """Segment street scenes and estimate their inverse depth (Table 5).

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> module = CityScapesModule(GO4Align(num_groups=2), CityScapesMTAN(channels=[4, 4, 4, 4, 4]))
        >>> module.evaluation.name
        'over all pixels'
    """

    outputs = OUTPUTS
    table = TABLE
    published_network = CityScapesMTAN
