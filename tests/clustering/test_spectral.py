import numpy as np
import pytest
import torch

from lightning_go4align.clustering.numpy_backend import standardized
from lightning_go4align.clustering.spectral import Spectral


def test_unit_of_the_points_does_not_matter() -> None:
    points = torch.rand(11, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(Spectral()(points * 1e6, 4).assignment, Spectral()(points, 4).assignment)


def test_narrower_neighbourhoods_give_other_groups() -> None:
    points = torch.rand(40, generator=torch.Generator().manual_seed(0))
    assert not torch.equal(Spectral(gamma=0.1)(points, 5).assignment, Spectral(gamma=100.0)(points, 5).assignment)


def test_standardized_points_have_mean_0_and_variance_1_even_where_squares_overflow() -> None:
    points = standardized(np.array([0.0, 1.0, 5.0]) * 2.0**1000)
    np.testing.assert_allclose(points, np.array([-2.0, -1.0, 3.0]) / np.sqrt(14 / 3))


@pytest.mark.parametrize("gamma", [0.0, -1.0, float("nan")])
def test_bad_gamma_is_refused_with_advice(gamma: float) -> None:
    with pytest.raises(ValueError, match=r"`gamma` must be positive and finite, but is"):
        Spectral(gamma)
