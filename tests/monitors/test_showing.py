import base64
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger

from lightning_go4align import GO4Align, plots
from lightning_go4align.monitors import GroupDynamicsMonitor
from lightning_go4align.monitors.showing import run_title

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
pytestmark = [
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
]


def test_tensorboard_gets_scalars_pictures_and_one_chart_for_all_weights(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    fit(GroupDynamicsMonitor(num_pictures=1), logger=TensorBoardLogger(tmp_path, name="runs"))
    found = accumulators.EventAccumulator(str(tmp_path / "runs" / "version_0"))
    found.Reload()
    tags = found.Tags()
    assert set(tags["images"]) == {"pictures/assignment", "pictures/co_assignment", "pictures/weights"}
    assert {"weight/task_0", "groups/stability"} <= set(tags["scalars"])
    assert "custom_scalars__config__" in tags["tensors"]
    (table,) = found.Tensors("tasks/text_summary")
    (text,) = table.tensor_proto.string_val
    rows = [line.split(" | ")[0] for line in text.decode().splitlines()]
    assert sorted(rows) == ["| ---", "| task", *(f"| task_{i}" for i in range(4))]


def test_no_step_has_a_picture_twice_although_one_is_drawn_at_the_end(
    fit: Callable[..., Trainer], tmp_path: Path
) -> None:
    fit(GroupDynamicsMonitor(num_pictures=3), logger=TensorBoardLogger(tmp_path, name="runs"))
    found = accumulators.EventAccumulator(str(tmp_path / "runs" / "version_0"))
    found.Reload()
    assert [image.step for image in found.Images("pictures/weights")] == [9, 19]


def test_a_notebook_shows_every_picture_without_an_inline_backend(fit: Callable[..., Trainer]) -> None:
    monitor = GroupDynamicsMonitor()
    fit(monitor)
    pictures = monitor.plot()
    assert {"weights", "losses", "assignment", "co_assignment"} <= set(pictures)
    shown = pictures._repr_html_()
    images = re.findall(r'src="data:image/png;base64,([^"]+)"', shown)
    assert len(images) == len(pictures)
    assert {base64.b64decode(image)[:4] for image in images} == {b"\x89PNG"}
    assert plots.weights(monitor.history)._repr_png_()[:4] == b"\x89PNG"  # type: ignore[attr-defined]  # IPython finds it by its name.
    assert "weight of task_0 over the steps" in monitor._repr_html_()


@pytest.mark.parametrize(
    ("logger", "title"),
    [
        pytest.param(CSVLogger("logs", name="rooms", version=2), "rooms GO4Align, version_2", id="a name of its own"),
        pytest.param(CSVLogger("logs", version="night"), "Linear GO4Align, night", id="Lightning's name"),
        pytest.param(None, "Linear GO4Align", id="no logger"),
    ],
)
def test_the_title_of_a_report_says_what_is_trained_and_how(logger: Any, title: str) -> None:
    assert run_title(logger, torch.nn.Linear(1, 1), GO4Align(num_groups=2)) == title
