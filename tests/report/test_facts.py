from collections.abc import Callable
from dataclasses import replace

import numpy as np

from lightning_go4align.history import History
from lightning_go4align.report.facts import sentences


def test_one_step_is_not_several(make: Callable[..., History]) -> None:
    run = make(weights=[2, 1, 1, 1], losses=1.0)
    one = replace(run, **{name: getattr(run, name)[:1] for name in ("steps", "weights", "losses", "groups")})
    said = " ".join(sentences(one))
    assert "Of the weighted loss of the one recorded step **segmentation** had the most" in said


def test_who_is_heard_does_not_depend_on_units(make: Callable[..., History]) -> None:
    units = np.array([1e6, 1.0, 1e-6, 1.0])
    even = sentences(make(weights=1 / units, losses=units))
    heard = sentences(make(weights=np.array([2, 1, 1, 1]) / units, losses=units))
    tasks = make(weights=1.0, losses=1.0).tasks
    assert "In the last 60 recorded steps every task had an even share of the weighted loss." in even
    (sentence,) = [one for one in heard if "weighted loss" in one]
    assert f"**{tasks[0]}** had the most, 1.6 times" in sentence  # 2 of 5 in the place of 1 of 4
    assert sentence.endswith("the least, 0.8 times.")
