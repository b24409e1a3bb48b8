"""A study from its YAML file."""

import re
from argparse import ArgumentError
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser

from lightning_go4align.config_files import as_if_copied, read_config
from lightning_go4align.likeness import meant, nearest
from lightning_go4align.studies.search_space import Search
from lightning_go4align.studies.study import Study


def read_study(file: Path) -> Study:
    """Read a study from its YAML file.

    Args:
        file: The file; the keys are the arguments of :class:`Study`.

    Raises:
        ValueError: If it does not describe a study.
        FileNotFoundError: If there is no such file.

    Example: ``read_study(Path("configs/studies/qm9_comparison.yaml"))``
    """
    if not file.is_file():
        raise FileNotFoundError(f"There is no study {file}. Those of this project are in `configs/studies`.")
    written = read_mapping(file)
    methods = {key: _methods(written, key, file) for key in ("methods", "single_task")}
    search = _mapping(written.get("search"), f"`search` of the study {file}")
    content = _without_overrides({name: value for name, value in written.items() if name != "search"})
    for key, entries in methods.items():
        content[key] = {name: _without_overrides(entry) for name, entry in entries.items()}
    values = _parsed(Study, content, file)
    for key, entries in methods.items():
        values[key] = {
            name: replace(
                method,
                configs=[_existing(config, file) for config in method.configs],
                overrides=_mapping(entries[name].get("overrides"), f"`{key}.{name}.overrides` of the study {file}"),
            )
            for name, method in values[key].items()
        }
    if values["single_task"] and values["baseline"] is not None:
        raise ValueError(f"The study {file} has a `baseline` and a `single_task`, which makes one. Leave out either.")
    if search:
        space = _mapping(search.pop("space", None), f"`search.space` of the study {file}")
        values["search"] = Search(**_parsed(Search, search, file, skip=["space"]), space=space)
    values["overrides"] = _mapping(written.get("overrides"), f"`overrides` of the study {file}")
    values["name"] = values["name"] or file.stem
    return Study(**{**values, **_absolute(values, file)})


def _methods(written: Mapping[str, Any], key: str, file: Path) -> dict[str, dict[str, Any]]:
    entries = _mapping(written.get(key), f"`{key}` of the study {file}").items()
    return {name: _mapping(entry, f"`{key}.{name}` of the study {file}") for name, entry in entries}


def read_mapping(file: Path) -> dict[str, Any]:
    """Read a YAML file that names values; an empty one names none.

    Args:
        file: The file.

    Raises:
        ValueError: If it holds something else.
    """
    return _mapping(read_config(file), f"What {file} holds")


def _parsed(
    kind: type[Study | Search], content: Mapping[str, Any], file: Path, skip: Iterable[str] = ()
) -> dict[str, Any]:
    parser = ArgumentParser(exit_on_error=False, prog=f"the study {file}")
    parser.add_class_arguments(kind, skip=set(skip))
    try:
        values: dict[str, Any] = vars(parser.instantiate(parser.parse_object(content)))
    except ArgumentError as error:
        message = f"The study {file} cannot be read: {_in_one_line(error)}."
        near = _meant(str(error), [field.name for field in fields(kind)])
        keys = f"Its keys are the arguments of `{kind.__name__}`."
        raise ValueError(" ".join(filter(None, [message, near, keys]))) from error
    return values


def _meant(said: str, keys: Sequence[str]) -> str:
    """Ask what key was meant by one that is not accepted; in metrics `higher_is_better` is called `maximize`."""
    unknown = re.search(r"Option '(\w+)' is not accepted", said)
    if unknown is None:
        return ""
    known = "higher_is_better" in keys and unknown[1] == "maximize"
    return meant(["higher_is_better"] if known else nearest(unknown[1], keys, 1))


def _mapping(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, Mapping | None):
        raise ValueError(f"{where} must be a mapping, with a line `name: value` for each entry, but is {value!r}.")
    names = list(map(str, value or {}))
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"{where} has {', '.join(twice)} more than once. Rename all but one.")
    return dict(zip(names, (value or {}).values(), strict=True))


def _in_one_line(error: Exception) -> str:
    return " ".join(str(error).split())


def _absolute(values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    folder, baseline = (as_if_copied(file).parent / values["folder"]).resolve(), values["baseline"]
    if baseline is not None and ":" not in baseline:
        baseline = str((file.parent / baseline).resolve())
    benchmark = [_existing(config, file) for config in values["benchmark"]]
    return {"folder": str(folder), "baseline": baseline, "benchmark": benchmark}


def _without_overrides(written: Mapping[str, Any]) -> dict[str, Any]:
    """What is written but arguments of ``fit``: the parser would build the classes that they name."""
    return {key: value for key, value in written.items() if value is not None and key != "overrides"}


def _existing(config: str, study: Path) -> str:
    file = (study.parent / config).resolve()
    if not file.is_file():
        raise FileNotFoundError(
            f"The study {study} names {config}, but there is no {file}. Paths are relative to it."
        )
    return str(file)
