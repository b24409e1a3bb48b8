"""Which tasks are learned where losses have any unit: does a method need coefficients?"""

import statistics
from collections.abc import Callable, Iterator

import torch
from rich.table import Table
from torch import Tensor, nn
from torchjd.scalarization import Scalarizer

from perf.small_problems import METHODS, fit
from perf.tables import table


def units(num_problems: int = 100, steps: int = 2000, decades: float = 3.0) -> Iterator[Table]:
    """Train random problems of 2 to 8 regression tasks, the targets of each in a unit of its own.

    Args:
        num_problems: How many, each drawn and begun by its number.
        steps: Steps of Adam at 1e-2 on batches of 64.
        decades: Units are powers of ten from minus this to this; losses are in their squares.

    Yields:
        A table: how many tasks are untrained, their loss above half of where it began, and what is left of the loss
        of each problem's worst task.
    """
    results = table(
        f"Tasks in units of 10^±{decades:g}, {num_problems} problems",
        "method",
        "untrained",
        "of",
        "worst left",
        "left",
    )
    for name, make in METHODS.items():
        left = [_train_units(make, seed, steps, decades) for seed in range(num_problems)]
        tasks = torch.cat(left)
        worst = statistics.median(float(of_tasks.max()) for of_tasks in left)
        results.add_row(
            name, str(int((tasks > 0.5).sum())), str(len(tasks)), f"{worst:.3f}", f"{tasks.log().mean().exp():.4f}"
        )
    yield results


def _train_units(make: Callable[[int], Scalarizer], seed: int, steps: int, decades: float) -> Tensor:
    """What is left of each task's loss, as a share of where it began."""
    generator = torch.Generator().manual_seed(seed)
    num_tasks = int(torch.randint(2, 9, (1,), generator=generator))
    features = torch.randn(512, 8, generator=generator)
    directions = torch.randn(8, num_tasks, generator=generator)
    scales = 10 ** (decades * (2 * torch.rand(num_tasks, generator=generator) - 1))
    targets = (features @ directions).tanh() + 0.1 * torch.randn(512, num_tasks, generator=generator)
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, num_tasks))

    def losses(inputs: Tensor, outputs: Tensor) -> Tensor:
        errors: Tensor = scales * (network(inputs) - outputs)
        return errors.square().mean(0)

    with torch.no_grad():
        before = losses(features, targets)
    fit(network, losses, (features, targets), make(num_tasks), steps, 1e-2, generator)
    with torch.no_grad():
        return losses(features, targets) / before
