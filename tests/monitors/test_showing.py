import pytest
from lightning.pytorch.loggers import TensorBoardLogger

from lightning_go4align.monitors import GroupDynamicsMonitor

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


def test_tensorboard_gets_scalars_pictures_and_one_chart_for_all_weights(fit, tmp_path):
    fit(GroupDynamicsMonitor(num_pictures=1), logger=TensorBoardLogger(tmp_path, name="runs"))
    found = accumulators.EventAccumulator(str(tmp_path / "runs" / "version_0"))
    found.Reload()
    tags = found.Tags()
    assert set(tags["images"]) == {"pictures/assignment", "pictures/co_assignment", "pictures/weights"}
    assert {"weight/task_0", "groups/stability"} <= set(tags["scalars"])
    assert "custom_scalars__config__" in tags["tensors"]
