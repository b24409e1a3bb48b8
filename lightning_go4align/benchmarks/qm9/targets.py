"""The 11 regression targets of the benchmark, among the 19 columns of PyG's ``QM9``."""

from typing import NamedTuple

from torch import Tensor


class Target(NamedTuple):
    """A property of a molecule.

    Args:
        name: Its name in logs.
        unit: The unit in which its error is published.
        column: Its column in PyG's ``QM9``.
        scale: PyG's unit in published units; 1000 where eV become meV.

    Example:
        >>> TARGETS[2]
        Target(name='homo', unit='meV', column=2, scale=1000.0)
    """

    name: str
    unit: str
    column: int
    scale: float = 1.0


#: In the order of Table 4 of the paper. The four energies are those of atomisation; the gap (column 4) is left out.
TARGETS = (
    Target("mu", "D", 0),
    Target("alpha", "a0^3", 1),
    Target("homo", "meV", 2, 1000.0),
    Target("lumo", "meV", 3, 1000.0),
    Target("r2", "a0^2", 5),
    Target("zpve", "meV", 6, 1000.0),
    Target("u0", "meV", 12, 1000.0),
    Target("u", "meV", 13, 1000.0),
    Target("h", "meV", 14, 1000.0),
    Target("g", "meV", 15, 1000.0),
    Target("cv", "cal/(mol K)", 11),
)


def benchmark_targets(columns: Tensor) -> Tensor:
    """Pick the benchmark's targets and turn them into the units of the published errors.

    Args:
        columns: PyG's 19 columns, shape ``[N, 19]``.

    Returns:
        Targets in the order of :data:`TARGETS`, shape ``[N, 11]``.

    Example:
        >>> import torch
        >>> benchmark_targets(torch.ones(1, 19))[0, :4]
        tensor([   1.,    1., 1000., 1000.])
    """
    scale = columns.new_tensor([target.scale for target in TARGETS])
    return columns[:, [target.column for target in TARGETS]] * scale
