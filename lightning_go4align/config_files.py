"""Configurations: those of the package by name, any by path, each read so that nothing in it is lost in silence."""

import re
from collections.abc import Iterable, Iterator, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import yaml

SHIPPED = Path(__file__).parent / "configs"


def shipped_names() -> list[str]:
    """Name the configurations of the package, as ``-c`` takes them.

    Example:
        >>> "qm9/base" in shipped_names()
        True
    """
    return sorted(path.relative_to(SHIPPED).with_suffix("").as_posix() for path in SHIPPED.glob("*/*.yaml"))


def find_config(name: str) -> Path:
    """Find a configuration: a file, with or without ``.yaml``, or one of the package by its name.

    Args:
        name: A path, or a name such as ``qm9/base``.

    Returns:
        The file.

    Raises:
        FileNotFoundError: If there is none.
        IsADirectoryError: If it is a folder.

    Example:
        >>> find_config("configs/toy/base").name, find_config("toy/ls").name
        ('base.yaml', 'ls.yaml')
    """
    for path in _candidates(name):
        if path.is_file() or path.is_fifo():
            return path
    if Path(name).is_dir():
        inside = _quoted(sorted(path.name for path in Path(name).glob("*.yaml"))[:5])
        raise IsADirectoryError(f"The configuration {name!r} is a folder. Name a file in it{inside}.")
    raise FileNotFoundError(
        f"There is no configuration {name!r}{_near(name)}. `go4align configs` lists those of this package."
    )


def as_if_copied(path: Path) -> Path:
    """Where a file of an installed package would lie if its folder had been copied to the current one.

    Args:
        path: A configuration; what it writes, by paths relative to it, must not go into the installed package.

    Returns:
        The path below ``configs``; any other file's own, those of a clone included.

    Example:
        >>> as_if_copied(Path("mine.yaml"))
        PosixPath('mine.yaml')
    """
    installed = not SHIPPED.is_symlink() and path.resolve().is_relative_to(SHIPPED.resolve())
    return Path("configs", path.resolve().relative_to(SHIPPED.resolve())) if installed else path


def read_config(path: Path) -> dict[str, Any]:
    """Read a YAML file that names values; an empty one names none.

    Args:
        path: The file.

    Raises:
        ValueError: If it is no text in UTF-8, no YAML, names a value twice, or holds something else.

    Example:
        >>> read_config(find_config("toy/ls"))
        {'model': {'init_args': {'method': {'class_path': 'torchjd.scalarization.Sum'}}}}
    """
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), _Loader)  # a SafeLoader
    except UnicodeDecodeError as error:
        where = f"byte {error.object[error.start]:#04x} at {error.start}"
        raise ValueError(f"{path} is no text in UTF-8, but has {where}. Save it in UTF-8.") from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        where = "" if mark is None else f", line {mark.line + 1}, column {mark.column + 1}"
        reason = " ".join(f"{error.context or ''} {error.problem or ''}".split())
        raise ValueError(f"{path}{where} is no YAML: {reason}. Correct it at this place.") from error
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {' '.join(str(error).split())}. Correct it at this place.") from error
    if content is None:
        return {}
    if not isinstance(content, dict):
        raise ValueError(
            f"{path} must be a mapping, with a line `name: value` for each entry, but holds {_short(content)}."
        )
    return content


def leaves(settings: object, name: str = "") -> Iterator[tuple[str, Any]]:
    """Walk through what a configuration sets, however deep it stands, also within lists of mappings.

    Args:
        settings: The configuration, or a part of it.
        name: Dotted name of the part.

    Returns:
        Values by their dotted names.

    Example:
        >>> dict(leaves({"trainer": {"callbacks": [{"min_delta": 0.1}], "devices": [0, 1]}}))
        {'trainer.callbacks[0].min_delta': 0.1, 'trainer.devices': [0, 1]}
    """
    inner: Iterable[tuple[str, object]] = ()
    if isinstance(settings, Mapping):
        inner = [(f"{name}.{key}" if name else str(key), part) for key, part in settings.items()]
    elif isinstance(settings, list) and any(isinstance(part, Mapping) for part in settings):
        inner = [(f"{name}[{index}]", part) for index, part in enumerate(settings)]
    if not inner:
        yield name, settings
    for key, part in inner:
        yield from leaves(part, key)


def differences(found: list[dict[str, str]]) -> list[str]:
    """Name the keys in which configurations differ.

    Args:
        found: Configurations of runs; an empty one is unknown, and differs from none.

    Returns:
        Keys whose values are not the same in all that are known, in the order of the first that has them.

    Example:
        >>> differences([{"seed": "1", "lr": "0.1"}, {"seed": "2", "lr": "0.1"}])
        ['seed']
    """
    known = [one for one in found if one]
    keys = dict.fromkeys(key for one in known for key in one)
    return [key for key in keys if len({one.get(key) for one in known}) > 1]


class _Loader(yaml.SafeLoader):  # type: ignore[misc]  # as above
    """Refuse a name that a mapping gives twice, of which YAML would drop the first without a word.

    Numbers and dates are read as the command line reads them: 1e-3 is a number, which YAML 1.1 takes for text, and a
    date is text.
    """

    yaml_implicit_resolvers = {  # noqa: RUF012  # PyYAML's own name, which it copies before it adds to it
        first: [(tag, pattern) for tag, pattern in resolvers if not tag.endswith(":timestamp")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[tuple[str, str]] = set()
        for key, _ in node.value:
            if key.tag != "tag:yaml.org,2002:merge" and isinstance(key, yaml.ScalarNode):
                if (key.tag, key.value) in seen:
                    raise yaml.MarkedYAMLError(None, None, f"{key.value!r} stands twice", key.start_mark)
                seen.add((key.tag, key.value))
        mapping: dict[Any, Any] = super().construct_mapping(node, deep)
        return mapping


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:float", re.compile(r"[-+]?[0-9][0-9_]*(\.[0-9_]*)?[eE][-+]?[0-9]+$"), list("-+0123456789")
)


def _candidates(name: str) -> Iterator[Path]:
    yield Path(name)
    yield Path(f"{name}.yaml")
    plain = name.removeprefix("./").removeprefix("configs/").removesuffix(".yaml")
    if ".." not in Path(plain).parts and not Path(plain).is_absolute():
        yield SHIPPED / f"{plain}.yaml"


def _near(name: str) -> str:
    beside = [str(path) for path in Path(name).parent.glob("*.yaml")] if Path(name).parent.is_dir() else []
    plain = name.removesuffix(".yaml").removesuffix(".yml").removesuffix(".yam")
    beside = [path for path in beside if path != name]
    found = get_close_matches(name, beside, 2, 0.6) or get_close_matches(plain, shipped_names(), 3, 0.6)
    return f"; near it {'are' if len(found) > 1 else 'is'} {', '.join(found)}" if found else ""


def _quoted(names: list[str]) -> str:
    return f", such as {', '.join(names)}" if names else ""


def _short(content: object) -> str:
    text = repr(content)
    return text if len(text) <= 60 else f"{text[:57]}..."
