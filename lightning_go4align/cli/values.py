"""Reading the values of a command's flags."""

import json
import math
import re
from argparse import ArgumentTypeError
from typing import Any


def port(word: str) -> int:
    """Read the number of a port; 0 stands for any that is free."""
    number = int(word)
    if not 0 <= number <= 65535:
        raise ArgumentTypeError(f"a port lies in [0, 65535], not at {word}")
    return number


def hours(word: str) -> float:
    """Read a time, above 0."""
    number = float(word)
    if not 0 < number < math.inf:
        raise ArgumentTypeError(f"a time is a number above 0, not {word}")
    return number


def json_object(word: str) -> dict[str, Any]:
    """Read an object of JSON."""
    value = json.loads(word)
    if not isinstance(value, dict):
        raise ArgumentTypeError(f'an object is meant, such as \'{{"slurm_partition": "gpu"}}\', not {word}')
    return value


def gpus(word: str) -> str:
    """Read names of GPUs, as CUDA_VISIBLE_DEVICES has them: numbers or identifiers, none of them twice."""
    names = [name.strip() for name in word.split(",")] if word.strip() else []
    for name in names:
        if not re.fullmatch(r"\d+|(GPU|MIG)-\S+", name):
            raise ArgumentTypeError(f"GPUs are named by numbers, such as 0,1, or identifiers, not {name!r}")
        if names.count(name) > 1:
            raise ArgumentTypeError(f"GPU {name} stands twice")
    return ",".join(names)
