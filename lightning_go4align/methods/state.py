"""All that a method remembers, for an exact resume."""

from copy import deepcopy
from typing import Any, Protocol, runtime_checkable

import numpy as np
import torch
from torch import Tensor, nn
from torch.optim import Optimizer

from lightning_go4align.methods.sized_by_first_call import make_room

MEMORY = (bool, int, float, str, torch.dtype, torch.device, type(None), Tensor, np.ndarray, Optimizer, list, tuple)


@runtime_checkable
class Bargains(Protocol):
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
        A dictionary that ``torch.load(weights_only=True)`` can read.

    Example:
        >>> from torchjd.scalarization import DWA
        >>> method = DWA()
        >>> objective = method(torch.tensor([1.0, 2.0]))
        >>> full_state(method)["attributes"][""]["_loss_sum"]
        tensor([1., 2.])
    """
    tensors = {name: value.detach().clone() for name, value in method.state_dict().items()}
    attributes = {
        path: {name: _saved(value) for name, value in _memory(module).items()}
        for path, module in method.named_modules()
    }
    return {"method": type(method).__name__, "tensors": tensors, "attributes": attributes}


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
    if state["method"] != type(method).__name__ or state["attributes"].keys() != modules.keys():
        raise ValueError(
            f"The checkpoint holds the state of {state['method']}, but `model.method` is {method}. "
            "Resume with the method of the checkpoint, or start anew from its weights alone."
        )
    for path, module in modules.items():
        make_room(module, f"{path}." if path else "", state["tensors"])
    method.load_state_dict(state["tensors"])
    for path, attributes in state["attributes"].items():
        for name, value in attributes.items():
            setattr(modules[path], name, _restored(value, modules[path]))
        if isinstance(modules[path], Bargains):
            modules[path]._init_optim_problem()


def move_state(method: nn.Module, device: torch.device) -> None:
    """Move a method, and what its ``to`` leaves behind, to a device.

    Args:
        method: A scalarizer or an aggregator.
        device: Where the losses will be.

    Example:
        >>> from torchjd.scalarization import FAMO
        >>> move_state(FAMO(2), torch.device("cpu"))
    """
    # TorchJD's GradVac computes on the host whatever the device, with its state.
    on_host = {part: part._phi_t for part in method.modules() if hasattr(part, "_phi_t")}
    method.to(device)
    for part, state in on_host.items():
        part._phi_t = state
    for module in method.modules():
        for name, value in _memory(module).items():
            setattr(module, name, _moved(value, module, device))


def _memory(module: nn.Module) -> dict[str, Any]:
    if isinstance(module, Bargains):
        return {name: getattr(module, name) for name in ("step", "prvs_alpha", "normalization_factor")}
    own = vars(module).keys() - vars(nn.Module()).keys()
    names = sorted(name for name in own if name.startswith("_") and not hasattr(type(module), name[1:]))
    return {name: value for name in names if isinstance(value := getattr(module, name), MEMORY)}


def _saved(value: Any) -> Any:
    if isinstance(value, Tensor):
        return value.detach().clone()
    if isinstance(value, np.ndarray):
        return {"array": torch.tensor(value)}
    if isinstance(value, Optimizer):
        return {"optimizer": type(value).__name__, "state": deepcopy(value.state_dict())}
    return type(value)(map(_saved, value)) if isinstance(value, list | tuple) else value


def _restored(value: Any, module: nn.Module) -> Any:
    if isinstance(value, dict) and "array" in value:
        return value["array"].numpy()
    if isinstance(value, dict):
        optimizer: Optimizer = getattr(torch.optim, value["optimizer"])(module.parameters(recurse=False))
        optimizer.load_state_dict(value["state"])
        return optimizer
    return _saved(value)


def _moved(value: Any, module: nn.Module, device: torch.device) -> Any:
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, torch.device):
        return device
    if isinstance(value, Optimizer):
        return _restored(_saved(value), module)  # Loading moves its state to where the parameters are now.
    return type(value)(_moved(item, module, device) for item in value) if isinstance(value, list | tuple) else value
