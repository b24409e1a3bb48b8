"""The CityScapes benchmark as a LightningModule."""

from collections.abc import Mapping
from typing import Literal

from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.benchmarks.cityscapes.model import OUTPUTS, CityScapesMTAN
from lightning_go4align.benchmarks.cityscapes.published import TABLE
from lightning_go4align.benchmarks.dense_prediction.evaluation import Evaluation, OverPixels
from lightning_go4align.benchmarks.dense_prediction.module import DensePredictionModule
from lightning_go4align.benchmarks.dense_prediction.mtan import SegNetMTAN
from lightning_go4align.benchmarks.dense_prediction.split import SegNetSplit


class CityScapesModule(DensePredictionModule):
    """Segment street scenes and estimate their inverse depth (Table 5).

    Args:
        method: Any method of ``lightning_go4align.methods``, ``torchjd.scalarization`` or ``torchjd.aggregation``.
        network: The network; SegNet-MTAN if not given.
        evaluation: How errors are averaged over the test set: ``OverPixels``, if not given, or ``MeanOfBatches``.
        single_task: Metrics of single-task networks; the published ones, of SegNet-MTAN, if not given.
        learning_rate: Of Adam, at first.
        halve_every: Epochs after which the learning rate halves.
        optimization: See :class:`~lightning_go4align.MultiTaskModule`.

    Example:
        >>> from lightning_go4align.methods import GO4Align
        >>> module = CityScapesModule(GO4Align(num_groups=2), CityScapesMTAN(channels=[4, 4, 4, 4, 4]))
        >>> module.evaluation.name
        'over all pixels'
    """

    def __init__(
        self,
        method: Scalarizer | Aggregator,
        network: SegNetMTAN | SegNetSplit | None = None,
        evaluation: Evaluation | None = None,
        single_task: Mapping[str, float] | None = None,
        learning_rate: float = 1e-4,
        halve_every: int = 100,
        optimization: Literal["manual", "automatic"] = "manual",
    ) -> None:
        super().__init__(
            method,
            network or CityScapesMTAN(),
            OUTPUTS,
            TABLE,
            evaluation or OverPixels(),
            single_task,
            learning_rate,
            halve_every,
            optimization,
        )
