import sys
import warnings
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

# Properties hold on any machine, however busy, and are the same examples in every run.
hypothesis.settings.register_profile(
    "any machine",
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("any machine")

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent / "update")]  # for `import toy`


collect_ignore = ["lightning_suite", "mutation", "torchmetrics_suite"]  # Commands, see .ci, and no tests.


@pytest.fixture(autouse=True)
def _quiet_lightning() -> Iterator[None]:
    """Warnings are errors; these speak of the toy problem, not of what is tested."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", ".*does not have many workers.*")
        warnings.filterwarnings("ignore", ".*isinstance.treespec, LeafSpec.*")
        warnings.filterwarnings("ignore", "You defined a `validation_step` but have no `val_dataloader`")
        yield


@pytest.fixture
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is called stands in an empty folder, and is called ``go4align``."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["go4align"])
