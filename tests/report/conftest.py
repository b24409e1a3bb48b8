from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from lightning_go4align.history import History, Validations
from lightning_go4align.plots.example import example_history


def make_history(weights: Any = None, losses: Any = None, groups: Any = None, **notes: Any) -> History:
    """The example run with other weights, losses or groups: of its 60 steps, or the same in all."""
    example = example_history()
    given = {"weights": weights, "losses": losses, "groups": groups}
    arrays: dict[str, Any] = {
        name: np.broadcast_to(np.asarray(values, getattr(example, name).dtype), (60, 4)).copy()
        for name, values in given.items()
        if values is not None
    }
    return replace(example, **arrays).with_notes(**notes)


@pytest.fixture(scope="session")
def make() -> Callable[..., History]:
    return make_history


@pytest.fixture
def run_in(tmp_path: Path) -> Callable[..., Path]:
    """A function that saves a run in a folder, with a configuration, and returns the folder."""

    def save(
        name: str,
        method: str = "GO4Align(num_groups=2)",
        seed: int = 0,
        delta_m: Sequence[float] = (40.0, 12.0, -2.5),
        **config: Any,
    ) -> Path:
        history = example_history()
        parts = {name: values[-len(delta_m) :] for name, values in vars(history.validations).items()}
        validations = Validations(**parts | {"delta_m": np.array(delta_m)})
        folder = tmp_path / name
        replace(history, validations=validations).with_notes(method=method, run=name).save(folder)
        lines = [f"seed_everything: {seed}", *(f"{key}: {value}" for key, value in config.items())]
        (folder / "config.yaml").write_text("\n".join(lines))
        return folder

    return save
