"""The configurations of the package: their list, and copies of them."""

import shutil
from pathlib import Path

import yaml

from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.config_files import SHIPPED, shipped_names
from lightning_go4align.likeness import by_likeness, meant, nearest

_WIDTH = 80


def listing(benchmarks: list[str]) -> str:
    """List configurations, one a line: its name, and the method's class or what its first comment says.

    Args:
        benchmarks: Benchmarks, such as ``qm9``; all if empty.

    Example:
        >>> print(listing(["toy"]).splitlines()[1])
        toy/cagrad    torchjd.aggregation.CAGrad
    """
    names = [name for name in shipped_names() if not benchmarks or name.partition("/")[0] in _known(benchmarks)]
    width = max(map(len, names)) + 4
    lines, before = [], names[0].partition("/")[0]
    for name in names:
        folder = name.partition("/")[0]
        lines += [""] if folder != before else []
        lines.append(f"{name:{width}}{_about(SHIPPED / f'{name}.yaml')}"[:_WIDTH].rstrip())
        before = folder
    return "\n".join(lines)


def copied(name: str, folder: str) -> str:
    """Copy a benchmark's configurations, or one of them, into a folder, where nothing may be overwritten.

    Args:
        name: Such as ``qm9`` or ``qm9/base``; with ``studies`` and ``sweeps`` go the others, whose files they name.
        folder: Where to; made if need be.

    Returns:
        What was copied.
    """
    plain = name.removeprefix("configs/").removesuffix(".yaml").strip("/")
    if plain in shipped_names():
        files = [SHIPPED / f"{plain}.yaml"]
    else:
        [benchmark] = _known([plain])
        needs_all = benchmark in ("studies", "sweeps")
        files = [path for path in SHIPPED.glob("*/*") if needs_all or path.parent.name == benchmark]
    targets = {Path(folder, path.relative_to(SHIPPED)): path for path in sorted(files)}
    there = [target for target in targets if target.exists()]
    if there:
        raise UsageError(f"{there[0]} exists, and would be overwritten.", "Name another folder, or move it away.")
    for target, path in targets.items():
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, target)
    return "\n".join(map(str, targets))


def _known(benchmarks: list[str]) -> list[str]:
    folders = sorted({name.partition("/")[0] for name in shipped_names()})
    for name in benchmarks:
        if name not in folders:
            near = meant(nearest(name, [*folders, *shipped_names()]))
            raise UsageError(
                f"This package has no configurations {name!r}. {near}".strip(),
                f"It has those of {', '.join(by_likeness(name, folders))}.",
            )
    return benchmarks


def _about(path: Path) -> str:
    text = path.read_text(encoding="utf-8")
    comment = text.partition("\n")[0]
    method = ((yaml.safe_load(text) or {}).get("model") or {}).get("init_args", {}).get("method")
    if path.stem == "base" or not isinstance(method, dict):
        return comment[1:].strip() if comment.startswith("#") else ""
    return str(method.get("class_path", ""))
