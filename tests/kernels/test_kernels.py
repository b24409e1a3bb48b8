"""The Triton kernels, without a GPU: in Triton's interpreter beside NumPy, and compiled for two devices."""

import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from isolation import child_environment

from lightning_go4align.functional.one_launch import fits_one_launch

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
    assert re.fullmatch(r"\d+ steps\n", said)
    assert 18 * steps <= int(said.split()[0]) <= 19 * steps


# Registers that a thread needs, of 255, and bytes that it spills. Triton 3.9 and 3.7.1, of torch 2.13, take 88 to 128
# for 11 tasks, and spill 32 bytes at most, where they save registers that they have.
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
        *(pytest.param("robust", capability, 64, 64, False, marks=pytest.mark.slow) for capability in (80, 90)),
    ],
)
def test_a_kernel_compiles_without_spilling(
    name: str, capability: int, num_tasks: int, num_groups: int, choose: bool, tmp_path: Path
) -> None:
    said = run("compiled.py", name, capability, num_tasks, num_groups, int(choose), cache=tmp_path)
    registers, stack, local = map(int, said.split())
    assert registers <= (160 if num_tasks <= 16 else 255)
    assert stack <= 64
    assert local == 0


def test_no_other_place_than_a_cuda_device_gets_a_launch() -> None:
    assert not fits_one_launch(torch.ones(3, dtype=torch.float64))
    assert not fits_one_launch(torch.ones(3, dtype=torch.float64, device="meta"))
