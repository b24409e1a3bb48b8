"""QM9 with some of its training labels only, as measured properties come."""

from collections.abc import Mapping

import torch
from torch import Tensor

from lightning_go4align.benchmarks.partial_labels import check_label_fraction, without_labels
from lightning_go4align.benchmarks.qm9.targets import TARGETS


def fraction_of_each(fraction: float | Mapping[str, float]) -> list[float]:
    """Give each target its share of the labels.

    Args:
        fraction: One for all targets, or that of those which are named.

    Returns:
        Shares in the order of :data:`TARGETS`; 1 for a target that is not named.

    Raises:
        ValueError: If a name is not a target's, or a share lies outside (0, 1].

    Example:
        >>> fraction_of_each({"alpha": 0.05})[:3]
        [1.0, 0.05, 1.0]
    """
    names = [target.name for target in TARGETS]
    given = fraction if isinstance(fraction, Mapping) else dict.fromkeys(names, fraction)
    for name, share in given.items():
        if name not in names:
            raise ValueError(f"`label_fraction` may name {names}, but names {name!r}. Correct `data.label_fraction`.")
        check_label_fraction(share)
    return [float(given.get(name, 1.0)) for name in names]


def remove_labels(targets: Tensor, rows: Tensor, fractions: list[float], seed: int) -> None:
    """Take training labels away at random, in place.

    Args:
        targets: Targets of all molecules, shape ``[N, 11]``; NaN afterwards where a label is gone.
        rows: The training molecules.
        fractions: Share of its labels that each target keeps.
        seed: Decides which.

    Raises:
        ValueError: If a target is left with fewer than two labels.

    Example:
        >>> targets = torch.ones(100, 11)
        >>> remove_labels(targets, torch.arange(80), [0.5] * 11, seed=0)
        >>> targets[:80].isnan().any(), targets[80:].isnan().any()
        (tensor(True), tensor(False))
    """
    targets[rows] = left = without_labels(targets[rows], fractions, torch.Generator().manual_seed(seed))
    numbers = left.isfinite().sum(dim=0).tolist()
    few = {target.name: number for target, number in zip(TARGETS, numbers, strict=True) if number < 2}
    if few:
        raise ValueError(
            "`data.label_fraction` must leave each target at least 2 labels, for one has no standard deviation, but "
            f"of {len(rows)} molecules it leaves {few}. Raise it, or `data.num_train`."
        )


def mean_and_deviation(y: Tensor) -> tuple[Tensor, Tensor]:
    """What normalises the targets.

    Args:
        y: Targets, shape ``[N, 11]``; NaN where there is no label.

    Returns:
        Mean and standard deviation of the labels that are there, shapes ``[11]``, in single precision.

    Example:
        >>> mean_and_deviation(torch.tensor([[1.0], [torch.nan], [3.0]]))
        (tensor([2.]), tensor([1.4142]))
    """
    wide = y.double()
    there = wide.isfinite()
    if there.all():
        return wide.mean(dim=0).float(), wide.std(dim=0).float()
    mean = wide.nanmean(dim=0)
    variance = (wide - mean).square().nansum(dim=0) / (there.sum(dim=0) - 1)
    return mean.float(), variance.sqrt().float()
