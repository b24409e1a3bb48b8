import base64
import gzip
import json
from dataclasses import replace
from typing import Any

import numpy as np

from lightning_go4align.plots.example import example_history
from lightning_go4align.report.payload import packed, payload


def test_the_data_of_the_page_are_those_of_the_log_in_the_order_of_the_pictures() -> None:
    history = example_history()
    data = json.loads(gzip.decompress(base64.b64decode(packed(payload(history)))))
    for place, task in enumerate(data["tasks"]):
        column = history.tasks.index(task)
        np.testing.assert_allclose(data["losses"][place], history.losses[:, column], rtol=5e-4)  # four digits
        assert data["groups"][place] == history.groups[:, column].tolist()
    assert (data["steps"][-1], data["total"], data["validations"]["deltaM"]) == (59, 60, [40.0, 12.0, -2.5])


def test_what_is_not_finite_is_none_for_json_knows_no_other() -> None:
    losses = example_history().losses.copy()
    losses[3], losses[4] = np.nan, np.inf
    data = json.loads(gzip.decompress(base64.b64decode(packed(payload(replace(example_history(), losses=losses))))))
    assert [data["losses"][0][step] for step in (3, 4)] == [None, None]


def test_an_absent_task_has_no_weight() -> None:
    history = example_history()
    losses, weights = history.losses.copy(), history.weights.copy()
    losses[::2, 0], weights[::2, 0], weights[1, 0] = np.nan, 0, 0  # as it is recorded; and a weight that is 0
    data = payload(replace(history, losses=losses, weights=weights))
    column = data["weights"][data["tasks"].index(history.tasks[0])]
    assert column[:6] == [None, 0.0, None, 0.5, None, 0.5]


def test_long_runs_are_thinned_evenly() -> None:
    rows = 8192
    arrays: dict[str, Any] = {
        name: np.resize(getattr(example_history(), name), (rows, 4))
        for name in ("groups", "weights", "indicators", "losses")
    }
    data = payload(replace(example_history(), steps=np.arange(rows) * 100, total=100 * rows, **arrays))
    assert len(set(np.diff(data["steps"]))) == 1
    assert 5_000 <= len(data["steps"]) * 4 <= 40_000
    assert data["recorded"] == rows
