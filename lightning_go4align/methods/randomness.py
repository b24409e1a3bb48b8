"""Which methods draw random numbers: only those need a stream of their own."""

from collections.abc import Mapping
from types import FunctionType

import torch
from torch import Tensor, nn
from torchjd.scalarization import DWA, FAMO, IMTLL, STCH, UW, Constant, GeometricMean, Mean, Sum

# Of others' types these and no others: a class derived from one may draw.
DETERMINISTIC: set[type] = {Constant, DWA, FAMO, GeometricMean, IMTLL, Mean, STCH, Sum, UW}
DETERMINISTIC |= {nn.Linear, nn.ReLU, nn.Sequential}
_PLAIN = (type(None), bool, int, float, str, Tensor, torch.dtype, torch.device)
_OF_MODULES = vars(nn.Module()).keys() - {"_modules"}  # Parameters, buffers and hooks.
_OURS = f"{__name__.partition('.')[0]}."


def may_draw(method: nn.Module) -> bool:
    """Tell whether a method, or a part of it, may draw from torch's global generators.

    Args:
        method: A scalarizer.

    Returns:
        False if all of its parts are known not to, as ours are without ``draws``; True of any of somebody else's.

    Example:
        >>> from torchjd.scalarization import Random
        >>> from lightning_go4align.clustering import RandomGroups
        >>> from lightning_go4align.methods import GO4Align
        >>> may_draw(GO4Align()), may_draw(GO4Align(clustering=RandomGroups())), may_draw(Random())
        (False, True, True)
    """
    return not _is_quiet(method)


def _is_quiet(part: object) -> bool:
    if isinstance(part, _PLAIN):
        return True
    if isinstance(part, Mapping):
        return all(map(_is_quiet, part.values()))
    if isinstance(part, list | tuple | set):
        return all(map(_is_quiet, part))
    if isinstance(part, FunctionType):
        return part.__module__.startswith(_OURS) and part.__closure__ is None
    return _is_known(part) and all(_is_quiet(value) for name, value in vars(part).items() if name not in _OF_MODULES)


def _is_known(part: object) -> bool:
    is_ours = type(part).__module__.startswith(_OURS) and not getattr(part, "draws", False)
    return is_ours or type(part) in DETERMINISTIC
