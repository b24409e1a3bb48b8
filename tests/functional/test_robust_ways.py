"""A step of RobustGO4Align in NumPy and in torch's operations for a device is the same, whatever the losses are."""

import numpy as np
import pytest
import torch

from lightning_go4align.functional.choice import UNKNOWN
from lightning_go4align.functional.cluster_starts import Floats
from lightning_go4align.functional.robust_numpy import weigh_robustly_by_numpy
from lightning_go4align.functional.robust_torch import weigh_robustly_by_torch
from lightning_go4align.methods import LevelWithinSpread

SETTINGS = LevelWithinSpread().settings | {"smoothing_decay": 0.9, "reach": 10.0}


def hostile(steps: int, num_tasks: int, seed: int) -> Floats:
    """Losses of any unit and sign, with outliers, gaps and what is no loss; the first task is always 0 at first."""
    rng = np.random.default_rng(seed)
    losses = rng.lognormal(sigma=0.1, size=(steps, num_tasks)) * 10 ** rng.uniform(-4, 4, num_tasks)
    losses *= rng.choice([-1.0, 1.0], num_tasks)
    losses[:20, 0] = 0.0
    outliers = rng.random(losses.shape) < 0.02
    losses = np.where(outliers, losses * 10 ** rng.uniform(1, 30, losses.shape), losses)
    kinds = rng.choice([np.nan, np.inf, -np.inf, 1e305, 0.0], losses.shape)
    return np.where(rng.random(losses.shape) < 0.05, kinds, losses)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(("num_groups", "chosen"), [(1, False), (3, False), (5, True)])
def test_torch_weighs_as_numpy_does(num_groups: int, chosen: bool, seed: int) -> None:
    means, spreads, own_means, own_spreads = (np.zeros((rows, 5)) for rows in (2, 6, 2, 6))
    scores, own_scores = (np.full(num_groups, UNKNOWN) if chosen else None for _ in range(2))
    on_device = None if own_scores is None else torch.from_numpy(own_scores)
    states = torch.from_numpy(own_means), torch.from_numpy(own_spreads)  # Moved in place.
    for row in hostile(150, 5, seed):
        expected = weigh_robustly_by_numpy(row, means, spreads, num_groups, SETTINGS, scores, 0.9)
        found = weigh_robustly_by_torch(
            torch.from_numpy(row), states[0], states[1], num_groups, SETTINGS, on_device, 0.9
        )
        np.testing.assert_allclose(own_means, means, rtol=1e-9, atol=1e-300)
        np.testing.assert_allclose(own_spreads, spreads, rtol=1e-9, atol=1e-300)
        np.testing.assert_array_equal(found[1].numpy(), expected[1])
        for one, other in zip((found[0], *found[2:]), (expected[0], *expected[2:]), strict=True):
            np.testing.assert_allclose(one.numpy(), other, rtol=1e-9, atol=1e-300)
