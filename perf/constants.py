"""Which tasks are learned where a constant has been added to their losses: does a method need a zero?"""

from collections.abc import Callable, Iterator

import torch
from rich.table import Table
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from perf.small_problems import METHODS, fit
from perf.tables import table

CONSTANTS = (-1000.0, -100.0, 0.0, 100.0, 1000.0)


def constants(num_seeds: int = 3, steps: int = 1500) -> Iterator[Table]:
    """Train five Gaussian likelihoods that differ by a constant alone.

    Args:
        num_seeds: How often, with other data.
        steps: Steps of Adam at 3e-3 on batches of 64.

    Yields:
        A table: the mean likelihood reached, without the constant; the noise of the targets allows about -3.2.
    """
    results = table("Negative log-likelihood plus a constant", "method", *(f"{c:+g}" for c in CONSTANTS))
    for name in ("plain sum", "robust, K chosen", "robust, K = 2", "robust, K = M", "GO4Align, K = 2"):
        found = torch.stack([_train_likelihoods(METHODS[name], seed, steps) for seed in range(num_seeds)])
        results.add_row(name, *(f"{value:.2f}" for value in found.mean(0).tolist()))
    yield results


def _train_likelihoods(make: Callable[[int], Scalarizer], seed: int, steps: int) -> Tensor:
    generator = torch.Generator().manual_seed(seed)
    offsets = torch.tensor(CONSTANTS)
    features = torch.randn(512, 8, generator=generator)
    directions = torch.randn(8, len(offsets), generator=generator) / 8**0.5
    targets = (features @ directions).tanh() + 0.025 * torch.randn(512, len(offsets), generator=generator)
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 2 * len(offsets)))

    def likelihoods(inputs: Tensor, outputs: Tensor) -> Tensor:
        means, log_variances = network(inputs).chunk(2, 1)
        squares: Tensor = (means - outputs).square() * (-log_variances).exp()
        values: Tensor = (log_variances + squares) / 2
        return values.mean(0)

    def losses(inputs: Tensor, outputs: Tensor) -> Tensor:
        return likelihoods(inputs, outputs) + offsets

    fit(network, losses, (features, targets), make(len(offsets)), steps, 3e-3, generator)
    with torch.no_grad():
        return likelihoods(features, targets)
