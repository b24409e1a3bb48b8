"""Whether a file is a checkpoint, before anything is built for it."""

import struct
import zipfile
from pathlib import Path
from pickle import UnpicklingError

import torch

from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.likeness import meant, nearest

# What reading junk as a pickle, or as an archive, ends in; it depends on the first bytes.
_UNREADABLE = (
    RuntimeError,
    UnpicklingError,
    EOFError,
    ValueError,
    LookupError,
    AttributeError,
    ArithmeticError,
    TypeError,
    struct.error,
)
_WORDS = ("best", "last", "hpc", "registry")  # Lightning's own, which it looks up


def check_checkpoint(path: str) -> None:
    """Refuse what is no checkpoint of Lightning.

    Args:
        path: What ``--ckpt_path`` names.

    Raises:
        UsageError: If there is no such file, or it is something else.
    """
    if path in _WORDS or path.startswith("registry:") or "://" in path:
        return
    file = Path(path)
    if not file.exists():
        raise UsageError(f"There is no checkpoint {path}. {meant(_beside(file))}".strip(), "Correct `--ckpt_path`.")
    if file.is_dir():
        # A sharded one is a folder.
        if any((file / name).exists() for name in ("meta.pt", "checkpoint", "latest", ".metadata")):
            return
        inside = sorted(map(str, file.rglob("*.ckpt")))
        found = f"It has {', '.join(inside[:3])}." if inside else "There is no checkpoint in it."
        raise UsageError(f"`--ckpt_path` is {path}, which is a folder. {found}", "Name a file that ends in .ckpt.")
    _check_content(file)


def _check_content(file: Path) -> None:
    size = file.stat().st_size
    if size == 0:
        raise UsageError(f"The checkpoint {file} is empty.", "Give another one, such as an earlier one of that run.")
    try:
        content = torch.load(file, map_location="meta", weights_only=True, mmap=zipfile.is_zipfile(file))
    except _UNREADABLE as error:
        if "Weights only load failed" in str(error) and "Unsupported global" in str(error):
            return  # Lightning says what it will not load and how to allow it.
        raise UsageError(
            f"{file}, of {size:,} bytes, is no checkpoint, or only a part of one.",
            "Give another one, such as an earlier one of that run.",
        ) from error
    lacking = {"state_dict", "pytorch-lightning_version"} - set(content if isinstance(content, dict) else ())
    if lacking:
        raise UsageError(
            f"{file} is no checkpoint of a Trainer: it has no {' and no '.join(sorted(lacking))}.",
            "Give a file that `fit` wrote; weights alone are loaded in Python, by `load_state_dict`.",
        )


def is_whole_model(path: object, needs_class: bool) -> bool:
    """Tell whether the hyperparameters in a checkpoint say all about a model: some modules keep a few alone.

    Args:
        path: What ``--ckpt_path`` names.
        needs_class: Whether the class is among what has to be said.

    Returns:
        False as well where there is no such file.
    """
    file = Path(str(path))
    if path is None or not file.is_file():
        return False
    content = torch.load(file, map_location="meta", weights_only=True, mmap=zipfile.is_zipfile(file))
    return not needs_class or "_class_path" in content.get("hyper_parameters", {})


def _beside(file: Path) -> list[str]:
    folder = file.parent if file.parent.is_dir() else Path()
    return nearest(str(file), map(str, folder.glob("**/*.ckpt")))
