"""A study from its YAML file."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]  # its types are a package of their own
from jsonargparse import ArgumentParser

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
    written = yaml.safe_load(file.read_text())
    parser = ArgumentParser(exit_on_error=False, prog=f"the study {file}")
    parser.add_class_arguments(Study)
    values = vars(parser.instantiate(parser.parse_object(_without_overrides(written))))
    methods = {
        name: replace(
            method,
            configs=[_existing(config, file) for config in method.configs],
            overrides=(written["methods"][name] or {}).get("overrides", {}),
        )
        for name, method in values["methods"].items()
    }
    values |= {"methods": methods, "overrides": written.get("overrides", {}), "name": values["name"] or file.stem}
    return Study(**{**values, **_absolute(values, file)})


def _absolute(values: Mapping[str, Any], file: Path) -> dict[str, Any]:
    folder, baseline = (file.parent / values["folder"]).resolve(), values["baseline"]
    if baseline is not None and ":" not in baseline:
        baseline = str((file.parent / baseline).resolve())
    benchmark = [_existing(config, file) for config in values["benchmark"]]
    return {"folder": str(folder), "baseline": baseline, "benchmark": benchmark}


def _without_overrides(written: Mapping[str, Any]) -> dict[str, Any]:
    """The study without the arguments of ``fit``: the parser would build the classes that they name."""
    methods = {
        name: {key: value for key, value in (method or {}).items() if key != "overrides"}
        for name, method in written.get("methods", {}).items()
    }
    rest = {key: value for key, value in written.items() if key != "overrides"}
    return rest | {"methods": methods}


def _existing(config: str, study: Path) -> str:
    file = (study.parent / config).resolve()
    if not file.is_file():
        raise FileNotFoundError(
            f"The study {study} names {config}, but there is no {file}. Paths are relative to it."
        )
    return str(file)
