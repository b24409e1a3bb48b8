"""All that a method remembers, for an exact resume."""

from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_go4align.methods.former import present_names
from lightning_go4align.methods.lazy_buffers import initialize_buffers, persistent_buffers

PLAIN = (bool, int, float, str, torch.dtype, torch.device, type(None), np.generic)
STATE_TYPES = (*PLAIN, Tensor, np.ndarray, Optimizer, list, tuple)


@runtime_checkable
class LazyProblem(Protocol):
    """TorchJD's Nash-MTL, whose memory has public names and whose problem is built at its first call."""

    prvs_alpha: Any

    def _init_optim_problem(self) -> None: ...


def full_state(method: nn.Module) -> dict[str, Any]:
    """Copy the state of a method: its ``state_dict`` and what that leaves out.

    TorchJD keeps FAMO's optimizer and last losses, DWA's history and others in plain attributes. Those whose name
    is private, and no property's, are state: tensors, numbers, arrays, optimizers, and lists of them.

    Args:
        method: A scalarizer or an aggregator.

    Returns:
        A dictionary that ``torch.load(weights_only=True)`` can read. A buffer that has no size yet is None.

    Example:
        >>> from torchjd.scalarization import DWA
        >>> method = DWA()
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> full_state(method)["attributes"][""]["_loss_sum"]
        tensor([1., 2.])
    """
    tensors: dict[str, Tensor | None] = dict.fromkeys(_names_of_tensors(method))
    tensors |= {name: value.detach().clone() for name, value in method.state_dict().items()}
    attributes = {
        path: {name: _saved(value) for name, value in _memory(module).items()}
        for path, module in method.named_modules()
    }
    return {"method": type(method).__name__, "tensors": tensors, "attributes": attributes}


def _names_of_tensors(method: nn.Module) -> Iterator[str]:
    """Name what the method's ``state_dict`` holds or will hold."""
    for path, module in method.named_modules():
        prefix = f"{path}." if path else ""
        yield from (prefix + name for name in (*module._parameters, *persistent_buffers(module)))


def load_full_state(method: nn.Module, state: dict[str, Any]) -> None:
    """Bring a method to a saved state, before its first call or after.

    Args:
        method: A method of the same kind as the saved one.
        state: What ``full_state`` returned.

    Raises:
        ValueError: If the state is another kind of method's.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> method, resumed = FAMO(2), FAMO(2)
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> method.update(torch.tensor([0.5, 1.5]))
        >>> load_full_state(resumed, full_state(method))
        >>> resumed(torch.tensor([1.0, 2.0])) == method(torch.tensor([1.0, 2.0]))
        tensor(True)
    """
    modules = dict(method.named_modules())
    if present_names(state["method"]) != type(method).__name__ or state["attributes"].keys() != modules.keys():
        raise ValueError(
            f"The checkpoint holds the state of {state['method']}, but the method is {method}. "
            "Resume with the method of the checkpoint, or start anew from its weights alone."
        )
    tensors = {name: value for name, value in state["tensors"].items() if value is not None}
    for path, module in modules.items():
        for name in persistent_buffers(module):
            setattr(module, name, None)  # One that had no size when it was saved has none again.
        initialize_buffers(module, f"{path}." if path else "", tensors)
    method.load_state_dict(tensors)
    for path, attributes in state["attributes"].items():
        for name, value in attributes.items():
            setattr(modules[path], name, _restored(value, modules[path]))
        if isinstance(modules[path], LazyProblem):
            modules[path]._init_optim_problem()


def own_attributes(module: nn.Module) -> dict[str, Any]:
    """Select the attributes of a module that ``nn.Module`` does not give it.

    Args:
        module: A module.

    Returns:
        Its instance's own attributes, in the order of their names.

    Example:
        >>> from torchjd.scalarization import DWA
        >>> list(own_attributes(DWA()))
        ['_loss_sum', '_n_batches', '_previous_averages', 'temperature']
    """
    own = vars(module).keys() - vars(nn.Module()).keys()
    return {name: vars(module)[name] for name in sorted(own)}


def _memory(module: nn.Module) -> dict[str, Any]:
    if isinstance(module, LazyProblem):
        return {name: getattr(module, name) for name in ("step", "prvs_alpha", "normalization_factor")}
    own = own_attributes(module)
    names = [name for name in own if name.startswith("_") and not hasattr(type(module), name[1:])]
    return {name: own[name] for name in names if isinstance(own[name], STATE_TYPES)}


def _saved(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return {"array": torch.tensor(value)}
    if isinstance(value, Optimizer):
        return {"optimizer": type(value).__name__, "state": _saved(value.state_dict())}
    if isinstance(value, np.generic):  # A setting that was given as a number of NumPy.
        return value.item()
    if isinstance(value, dict):
        return {name: _saved(item) for name, item in value.items()}
    return type(value)(map(_saved, value)) if isinstance(value, list | tuple) else value


def _restored(value: Any, module: nn.Module) -> Any:
    if isinstance(value, dict) and "array" in value:
        return value["array"].numpy().copy()
    if isinstance(value, dict):
        optimizer: Optimizer = getattr(torch.optim, value["optimizer"])(module.parameters(recurse=False))
        optimizer.load_state_dict(deepcopy(value["state"]))  # It would step the moments of the saved state itself.
        return optimizer
    return _saved(value)


def move_state(method: nn.Module, device: torch.device) -> None:
    """Move a method, and what its ``to`` leaves behind, to a device.

    TorchJD keeps state in plain attributes, and so it does the weights, preferences and reference points that it was
    given.

    Args:
        method: A scalarizer or an aggregator.
        device: Where the losses will be.

    Example:
        >>> from torchjd.scalarization import Constant
        >>> method = Constant(torch.tensor([1.0, 2.0]))
        >>> move_state(method, torch.device("meta"))
        >>> method.weights.device
        device(type='meta')
    """
    # TorchJD's GradVac and PCD compute on the host whatever the device: what they hold stays there.
    on_host = [part for part in method.modules() if hasattr(part, "_phi_t") or hasattr(part, "_sq_norm_ema")]
    buffers = [dict(part._buffers) for part in on_host]
    method.to(device)
    for part, kept in zip(on_host, buffers, strict=True):
        part._buffers.update(kept)
    for part in method.modules():
        if part not in on_host:
            vars(part).update({name: _moved(value, part, device) for name, value in own_attributes(part).items()})


def _moved(value: Any, module: nn.Module, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, torch.device):
        return device
    if isinstance(value, Optimizer):
        return _restored(_saved(value), module)  # Loading moves its state to where the parameters are now.
    if isinstance(value, dict):
        moved = {name: _moved(item, module, device) for name, item in value.items()}
        return value if all(moved[name] is value[name] for name in value) else moved
    if not isinstance(value, list | tuple):
        return value
    items = [_moved(item, module, device) for item in value]
    if all(item is before for item, before in zip(items, value, strict=True)):
        return value
    return type(value)(*items) if hasattr(value, "_fields") else type(value)(items)
