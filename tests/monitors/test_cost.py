import time

import pytest
import torch
from lightning.pytorch.loggers import CSVLogger

from lightning_go4align import GO4Align
from lightning_go4align.monitors import GroupDynamicsMonitor

pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


class Timed(GroupDynamicsMonitor):
    """Measures the processor's time of its own hook and of the whole step."""

    seconds, whole, steps = 0.0, 0.0, 0

    def on_train_batch_start(self, *arguments):
        self.start = time.process_time()

    def on_train_batch_end(self, trainer, *arguments):
        start = time.process_time()
        super().on_train_batch_end(trainer, *arguments)
        if trainer.global_step > 100:  # what a first time costs is not the cost of a step
            end = time.process_time()
            self.seconds += end - start
            self.whole += end - self.start
            self.steps += 1


@pytest.mark.slow
def test_the_monitor_takes_less_than_a_hundredth_of_a_step_with_40_tasks(fit, toy, tmp_path):
    monitor = Timed(num_pictures=0)
    module = type(toy)(num_tasks=40)
    module.train_dataloader = lambda: torch.utils.data.DataLoader(torch.randn(1600, 3), batch_size=4)
    fit(
        monitor,
        method=GO4Align(num_groups=8),
        module=module,
        max_epochs=1,
        logger=CSVLogger(tmp_path),
        limit_val_batches=0,
        log_every_n_steps=50,
    )
    share = monitor.seconds / (monitor.whole - monitor.seconds)
    step = 1e3 * monitor.whole / monitor.steps
    print(f"{1e6 * monitor.seconds / monitor.steps:.0f} us of {step:.1f} ms: {share:.2%}")
    assert share < 0.01
