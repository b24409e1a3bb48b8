"""A search goes on only with trials of what it searches: values of two kinds have no best."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from studies.instant_runs import RATE, searched

from lightning_go4align.studies.plan import Run
from lightning_go4align.studies.study import Study


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"select_by": "val/loss"}, "`select_by`"),
        ({"space": {RATE: {"low": 0.0, "high": 2.0}}}, "`search.space`"),
        ({"seed": 10_001}, "benchmark, method or seed"),
        ({"epochs": 20}, "benchmark, method or seed"),
    ],
)
def test_trials_of_another_search_are_not_gone_on_with(
    study: Callable[..., Study],
    tmp_path: Path,
    finish: Callable[[Run, Sequence[Mapping[str, float]]], None],
    changed: dict[str, Any],
    named: str,
) -> None:
    searched(study, tmp_path, finish, trials=5).run()
    with pytest.raises(ValueError, match=f"search.journal has another {named}, so .* another `name`, or remove"):
        searched(study, tmp_path, finish, trials=5, **changed)
    (tmp_path / "s" / "search.journal").unlink()
    assert not searched(study, tmp_path, finish, **changed).seconds


def test_what_was_asked_may_be_corrected_before_any_trial_ended(
    study: Callable[..., Study], tmp_path: Path, finish: Callable[[Run, Sequence[Mapping[str, float]]], None]
) -> None:
    searched(study, tmp_path, finish, select_by="val/mistyped")
    searched(study, tmp_path, finish, trials=5).run()
    with pytest.raises(ValueError, match="has another `select_by`"):
        searched(study, tmp_path, finish, select_by="val/mistyped")
