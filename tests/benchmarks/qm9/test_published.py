import json
from pathlib import Path

import pytest
import torch

from lightning_go4align.benchmarks.qm9 import TARGETS, single_task_errors
from lightning_go4align.metrics import DeltaM

# Rows of Table 4 (FairGrad's: of its own paper), with the delta_m and what rounding of the row can change in it.
ROWS = {
    "GO4Align": ([0.17, 0.35, 102.4, 119.0, 1.22, 4.94, 53.9, 54.3, 54.3, 53.9, 0.11], 52.7, 1.753),
    "LS": ([0.11, 0.33, 73.6, 89.7, 5.2, 14.06, 143.4, 144.2, 144.6, 140.3, 0.13], 177.6, 1.753),
    "FairGrad": ([0.117, 0.253, 87.57, 84.00, 2.15, 5.07, 70.89, 71.17, 71.21, 70.88, 0.095], 57.9, 0.311),
}


@pytest.mark.parametrize("method", ROWS)
def test_published_rows_give_the_published_delta_m(method: str) -> None:
    row, printed, rounding = ROWS[method]
    names = [target.name for target in TARGETS]
    delta_m = DeltaM(single_task_errors("published.json"))(dict(zip(names, map(torch.tensor, row), strict=True)))
    assert delta_m.item() == pytest.approx(printed, abs=rounding)


def test_file_of_your_own_is_read(tmp_path: Path) -> None:
    (tmp_path / "stl.json").write_text(json.dumps({"errors": {"mu": 1.0}}))
    assert single_task_errors(str(tmp_path / "stl.json")) == {"mu": 1.0}


def test_missing_file_is_told() -> None:
    with pytest.raises(FileNotFoundError, match=r"no 'mine.json'. Give `published.json`"):
        single_task_errors("mine.json")
