"""Which methods draw random numbers: only those need a stream of their own."""

from torch import nn
from torchjd.scalarization import DWA, FAMO, IMTLL, STCH, UW, Constant, GeometricMean, Mean, Sum

from lightning_go4align.clustering import AutomaticKMeans, AutomaticLogKMeans, kmeans_1d, log_kmeans_1d, ungrouped
from lightning_go4align.functional.shared_risk import constant_risk
from lightning_go4align.functional.sharing import one_weight_per_group, shrunk_to_group
from lightning_go4align.methods.go4align import GO4Align
from lightning_go4align.methods.level_within_spread import LevelWithinSpread
from lightning_go4align.methods.loss_parts import ExponentialMean, Level
from lightning_go4align.methods.relative_history import RelativeHistory
from lightning_go4align.methods.robust_go4align import RobustGO4Align
from lightning_go4align.methods.si import SI

# Of these types and no others: a class derived from one may draw.
DETERMINISTIC: set[type[nn.Module]] = {Constant, DWA, FAMO, GeometricMean, IMTLL, Mean, STCH, Sum, UW}
DETERMINISTIC |= {AutomaticKMeans, AutomaticLogKMeans, GO4Align, RobustGO4Align, SI}
DETERMINISTIC |= {ExponentialMean, Level, LevelWithinSpread, RelativeHistory}
FUNCTIONS = (kmeans_1d, log_kmeans_1d, ungrouped, constant_risk, shrunk_to_group, one_weight_per_group)


def may_draw(method: nn.Module) -> bool:
    """Tell whether a method, or a part of it, may draw from torch's global generators.

    Args:
        method: A scalarizer.

    Returns:
        False if all of its parts are known not to; True of any that somebody else wrote.

    Example:
        >>> from torchjd.scalarization import Random
        >>> from lightning_go4align.clustering import RandomGroups
        >>> may_draw(GO4Align()), may_draw(GO4Align(clustering=RandomGroups())), may_draw(Random())
        (False, True, True)
    """
    return not all(_is_deterministic(part) for part in method.modules())


def _is_deterministic(part: nn.Module) -> bool:
    given = [value for value in vars(part).values() if callable(value)]
    return type(part) in DETERMINISTIC and all(value in FUNCTIONS for value in given)
