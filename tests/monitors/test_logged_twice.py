"""What a `DeltaMMonitor` logs is logged by nobody else: Lightning would take the mean of both, or the last."""

from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torchjd.scalarization import Sum
from toy import Batch, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import DeltaMMonitor, MultiTaskCallback


class Itself(Toy):
    """Logs a score of its own, in a step or at the end of the epoch."""

    def __init__(self, in_step: bool, **options: Any) -> None:
        super().__init__()
        self.in_step, self.options = in_step, options

    @override
    def validation_step(self, batch: Batch, batch_idx: int) -> None:
        super().validation_step(batch, batch_idx)
        if self.in_step:
            self.log("val/delta_m", torch.ones(()), **self.options)

    @override
    def on_validation_epoch_end(self) -> None:
        if not self.in_step:
            self.log("val/delta_m", torch.ones(()), **self.options)


@pytest.mark.parametrize("in_step", [True, False])
@pytest.mark.parametrize("options", [{}, {"prog_bar": True, "sync_dist": True, "add_dataloader_idx": False}], ids=str)
def test_a_score_that_the_module_logs_itself_is_refused(in_step: bool, options: dict[str, Any]) -> None:
    trainer = quiet_trainer(callbacks=[DeltaMMonitor({"val/total": 2.0})])
    with pytest.raises(MisconfigurationException, match=r"logs \['val/delta_m'\], which the module logs itself"):
        trainer.validate(Itself(in_step, **options), loader())


def test_a_monitor_takes_its_own_of_earlier_epochs_for_nobody_else_s() -> None:
    trainer = quiet_trainer(callbacks=[MultiTaskCallback(Sum()), DeltaMMonitor({"val/total": 2.0})], max_epochs=3)
    trainer.fit(Toy(), loader(), loader())
    trainer.validate(Toy(), loader(), verbose=False)
    assert trainer.callback_metrics["val/delta_m"].isfinite()
