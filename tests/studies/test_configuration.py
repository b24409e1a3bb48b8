from collections.abc import Callable
from typing import Any

import pytest
import yaml

from lightning_go4align.studies.configuration import write_config
from lightning_go4align.studies.plan import make_plan
from lightning_go4align.studies.study import Study

CHECKPOINT = "lightning.pytorch.callbacks.ModelCheckpoint"


@pytest.mark.parametrize(
    ("callbacks", "kept"),
    [
        pytest.param(None, [], id="none"),
        pytest.param(CHECKPOINT, [CHECKPOINT], id="a name"),
        pytest.param({"class_path": CHECKPOINT}, [CHECKPOINT], id="one"),
        pytest.param(["Timer", {"class_path": CHECKPOINT}], ["Timer", CHECKPOINT], id="several"),
    ],
)
def test_callbacks_may_be_written_in_each_way_that_fit_takes(
    study: Callable[..., Study], callbacks: Any, kept: list[str]
) -> None:
    (run,) = make_plan(study(overrides={"trainer.callbacks": callbacks})).runs
    run.folder.mkdir(parents=True)
    written = yaml.safe_load(write_config(run).read_text())["trainer"]["callbacks"]
    assert [callback["class_path"] for callback in written[:-2]] == kept
    folders = [callback["init_args"]["dirpath"] for callback in written if callback["class_path"] == CHECKPOINT]
    assert folders == [str(run.folder / "checkpoints")] * kept.count(CHECKPOINT)


def test_a_trainer_left_empty_is_none(study: Callable[..., Study]) -> None:
    (run,) = make_plan(study(overrides={"trainer": None})).runs
    run.folder.mkdir(parents=True)
    written = yaml.safe_load(write_config(run).read_text())["trainer"]
    assert (run.num_epochs, len(written["callbacks"])) == (None, 2)
