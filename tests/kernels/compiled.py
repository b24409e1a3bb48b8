"""Compiles a kernel without a GPU and prints what it needs: registers, bytes of stack and of local memory."""

import re
import subprocess
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Any

import triton
from triton.backends.compiler import GPUTarget
from triton.compiler import ASTSource

from lightning_go4align.functional.kernels.launch import sizes
from lightning_go4align.functional.loss_scale import fall

SETTINGS: dict[str, dict[str, Any]] = {
    "paper": {"beta": 1e-4, "MEAN": False},
    "robust": {
        "smoothing_decay": 0.9,
        "decay": 0.99,
        "noise_decay": 0.9,
        "least": 1.0,
        "most": 10.0,
        "outlier": 30.0,
        "floor": 1e-3,
        "fall": fall(0.99),
        "reach": 10.0,
    },
}


def compiled(name: str, capability: int, num_tasks: int, num_groups: int, choose: bool) -> Any:
    """Compile for a device of a capability, such as 90."""
    kernel = import_module(f"lightning_go4align.functional.kernels.{name}").weigh
    constants = sizes(num_tasks, num_groups) | SETTINGS[name] | {"CHOOSE": choose, "momentum": 0.9}
    options = {option: constants.pop(option) for option in ("num_warps", "enable_fp_fusion")}
    pointers = {"assignment": "*i64"} | ({"criterion": "*fp32"} if choose else {})
    signature = {
        argument: "constexpr" if argument in constants else pointers.get(argument, "*fp64")
        for argument in kernel.arg_names
    }
    source = ASTSource(fn=kernel, signature=signature, constexprs=constants)
    return triton.compile(source, target=GPUTarget("cuda", capability, 32), options=options)


def main() -> None:
    name, *numbers = sys.argv[1:]
    capability, num_tasks, num_groups, choose = map(int, numbers)
    program = Path(triton.__file__).parent / "backends/nvidia/bin/cuobjdump"
    with tempfile.NamedTemporaryFile(suffix=".cubin") as file:
        file.write(compiled(name, capability, num_tasks, num_groups, bool(choose)).asm["cubin"])
        file.flush()
        asked = [str(program), "--dump-resource-usage", file.name]
        said = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    found = dict(re.findall(r"(REG|STACK|LOCAL):(\d+)", said))
    print(found["REG"], found["STACK"], found["LOCAL"])


if __name__ == "__main__":
    main()
