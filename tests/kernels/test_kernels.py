"""The Triton kernels, without a GPU: in Triton's interpreter beside NumPy, and compiled for two devices."""

import subprocess
import sys
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from isolation import child_environment

from lightning_go4align.functional.one_launch import fits_one_launch

TRITON = tuple(map(int, version("triton").split(".")[:2])) if find_spec("triton") else (0, 0)
HERE, ROOT = Path(__file__).parent, Path(__file__).parents[2]
pytestmark = pytest.mark.skipif(
    find_spec("triton") is None, reason="Triton, 270 MB, is not of the `dev` extra: pip install -e .[kernels]"
)


def run(script: str, *arguments: object, cache: Path, **settings: str) -> str:
    environment = child_environment(TRITON_CACHE_DIR=str(cache), **settings)
    environment["PYTHONPATH"] = f"{ROOT}:{environment.get('PYTHONPATH', '')}"
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout


@pytest.mark.parametrize(
    ("steps", "seed"), [(5, 0), *(pytest.param(100, seed, marks=pytest.mark.slow) for seed in range(1, 4))]
)
@pytest.mark.timeout(3600)
def test_a_launch_weighs_as_numpy_does_on_hostile_steps(steps: int, seed: int, tmp_path: Path) -> None:
    said = run("interpreted.py", steps, seed, cache=tmp_path, TRITON_INTERPRET="1")
    assert said == f"{16 * steps} steps\n"


# Registers that a thread needs, and what it spills. Triton 3.9 takes 94 to 196 and spills nothing; 3.7.1, which comes
# with torch 2.13 for CUDA, takes 202 for 11 tasks, and for 40 and 64 all there are and up to 784 bytes of the stack.
@pytest.mark.parametrize(
    ("name", "capability", "num_tasks", "num_groups", "choose"),
    [
        ("paper", 90, 11, 5, False),
        ("robust", 80, 11, 8, True),
        *(
            pytest.param(name, capability, num_tasks, 8, choose, marks=pytest.mark.slow)
            for name, choose in (("paper", False), ("paper", True), ("robust", True))
            for capability in (80, 90)
            for num_tasks in (11, 40, 64)
        ),
    ],
)
def test_a_kernel_compiles_without_spilling(
    name: str, capability: int, num_tasks: int, num_groups: int, choose: bool, tmp_path: Path
) -> None:
    said = run("compiled.py", name, capability, num_tasks, num_groups, int(choose), cache=tmp_path)
    registers, stack, local = map(int, said.split())
    assert registers <= (210 if num_tasks <= 16 else 255)
    assert stack <= (64 if num_tasks <= 16 or TRITON >= (3, 9) else 1024)
    assert local == 0


def test_no_other_place_than_a_cuda_device_gets_a_launch() -> None:
    assert not fits_one_launch(torch.ones(3, dtype=torch.float64))
    assert not fits_one_launch(torch.ones(3, dtype=torch.float64, device="meta"))
