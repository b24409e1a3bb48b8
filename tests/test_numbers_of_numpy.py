"""Numbers of NumPy are as good as Python's, in every public constructor, and no checkpoint holds one."""

import importlib
import inspect
import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, get_args, get_origin

import numpy as np
import pytest
import torch
from torchjd.aggregation import MGDA
from torchjd.scalarization import DWA, FAMO, STCH, UW, Sum

from lightning_go4align.methods.fields import method_fields
from lightning_go4align.update.memory import Memory

ROOMS = ("clustering", "methods", "metrics", "monitors", "update")
BENCHMARKS = ("celeba", "cityscapes", "nyuv2", "qm9", "synthetic", "toy")
RECORDS = {"HostNumbers", "DenseMolecules"}  # Made by the package, not by its users.
NUMBERS = {bool: np.bool_, int: np.int64, float: np.float32}
NEEDED: dict[str, Callable[[], dict[str, Any]]] = {
    "CRMOGM": lambda: {"aggregator": MGDA()},
    "CoAssignment": lambda: {"num_tasks": 2},
    "ConvergenceDifference": lambda: {"metrics": ["error"]},
    "CosineWarmup": lambda: {"steps": 4},
    "DeltaM": lambda: {"baseline": {"error": 2.0}},
    "DeltaMMonitor": lambda: {"baseline": {"error": 2.0}},
    "DenseMPNN": lambda: {"num_targets": 2},
    "FixedGroupWeights": lambda: {"weights": [0.5, 2.0]},
    "FixedGroups": lambda: {"groups": [0, 1]},
    "FixedWeights": lambda: {"weights": [0.5, 2.0]},
    "GradNorm": lambda: {"num_tasks": 2},
    "GroupStability": lambda: {"num_tasks": 2},
    "GroupedAggregator": lambda: {"aggregator": MGDA()},
    "LDCMTL": lambda: {"num_tasks": 2},
    "LinearWarmup": lambda: {"steps": 4},
    "RobustGO4Align": lambda: {"num_groups": 2},
    "SingleTask": lambda: {"task": 1},
    "WithFactors": lambda: {"method": Sum(), "factors": {0: 0.5}},
    "WithLearningRate": lambda: {"method": UW(2)},
    "WithLowerBounds": lambda: {"method": UW(2), "bounds": [0.0, -1.0]},
}


def public_classes() -> Iterator[type]:
    for room in (*ROOMS, *(f"benchmarks.{name}" for name in BENCHMARKS)):
        module = importlib.import_module(f"lightning_go4align.{room}")
        yield from (vars(module)[name] for name in module.__all__ if inspect.isclass(vars(module).get(name)))


def holds_number(annotation: Any) -> bool:
    parts = () if get_origin(annotation) is Callable else get_args(annotation)  # What it is called with is not given.
    return annotation in NUMBERS or any(map(holds_number, parts))


def takes_number(kind: type) -> bool:
    named = kind.__name__ not in RECORDS and not hasattr(kind, "_fields") and kind.__init__ is not object.__init__  # type: ignore[misc]  # a class's own
    return named and any(holds_number(given.annotation) for given in inspect.signature(kind).parameters.values())


KINDS = sorted({kind for kind in public_classes() if takes_number(kind)}, key=lambda kind: kind.__name__)


def arguments_of(kind: type) -> dict[str, Any]:
    """What it needs, and its defaults that are numbers."""
    parameters = inspect.signature(kind).parameters.values()
    numbers = {given.name: given.default for given in parameters if type(given.default) in NUMBERS}
    method = {"method": Sum()} if any(given.name == "method" for given in parameters) else {}
    return method | numbers | NEEDED.get(kind.__name__, dict)()


def by_numpy(value: Any) -> Any:
    """The same in numbers of NumPy."""
    if type(value) in NUMBERS:
        return NUMBERS[type(value)](value)
    if isinstance(value, dict):
        return {by_numpy(name): by_numpy(item) for name, item in value.items()}
    return [by_numpy(item) for item in value] if isinstance(value, list) else value


def kept(value: Any, depth: int = 4) -> Iterator[Any]:
    """What an object holds, and what its parts do."""
    yield value
    parts = [*value.keys(), *value.values()] if isinstance(value, Mapping) else []
    parts += value if isinstance(value, list | tuple) else []
    parts += vars(value).values() if hasattr(value, "__dict__") and not isinstance(value, type) else []
    for part in parts if depth else ():
        yield from kept(part, depth - 1)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_a_constructor_takes_numbers_of_numpy_and_keeps_pythons(kind: Callable[..., Any]) -> None:
    made = kind(**by_numpy(arguments_of(kind)))  # type: ignore[arg-type]  # a class as well
    assert [value for value in kept(made) if isinstance(value, np.generic)] == []


@pytest.mark.parametrize("real", [np.float32, np.float64], ids=lambda kind: kind.__name__)
@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda integer, real: FAMO(integer(3), lr=real(0.125), weight_decay=real(0)), id="FAMO"),
        pytest.param(lambda integer, real: UW(integer(3)), id="UW"),
        pytest.param(lambda integer, real: DWA(real(2)), id="DWA"),
        pytest.param(lambda integer, real: STCH(real(2)), id="STCH"),
    ],
)
def test_a_method_of_torchjd_with_numbers_of_numpy_is_saved_in_what_torch_reads(
    make: Callable[[Any, Any], Any], real: Callable[[float], Any]
) -> None:
    memory = Memory(method := make(np.int64, real), ["a", "b", "c"])
    for _ in range(2):
        method(torch.tensor([1.0, 2.0, 3.0]))
        if isinstance(method, FAMO):
            method.update(torch.tensor([0.5, 1.0, 2.5]))
    torch.save(memory.state_dict(), file := io.BytesIO())
    file.seek(0)
    resumed = Memory(make(int, float), ["a", "b", "c"])
    resumed.load_state_dict(torch.load(file, weights_only=True))
    assert method_fields(resumed.method) == method_fields(method)
