"""The configuration of a run, as Lightning saved it beside the log."""

from pathlib import Path
from typing import Any

import yaml

from lightning_go4align.config_files import leaves
from lightning_go4align.history import HIDDEN, is_secret, without_passwords

# Of the command line; else of module and data, with what the callback says. Earlier logs have that in the former.
_FILES = (("config.yaml",), ("hparams.yaml", "multi_task.yaml"))


def configuration(run: Path) -> dict[str, str]:
    """Read and flatten the configuration of a run.

    Args:
        run: Folder of the run.

    Returns:
        Words by dotted keys, ``model.method`` and so on; what looks like a secret is hidden. Empty if there is none.

    Example:
        >>> configuration(Path("nowhere"))
        {}
    """
    for names in _FILES:
        parts = [_parsed(run / name) for name in names]
        found = {key: value for part in reversed(parts) for key, value in part.items()}
        if found:
            return {key: HIDDEN if is_secret(key) else _words(value) for key, value in leaves(found)}
    return {}


def _parsed(path: Path) -> dict[str, Any]:
    try:
        found = yaml.safe_load(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (yaml.YAMLError, ValueError):  # no text, no date; or Python objects, which nobody should build
        return {}
    return found if isinstance(found, dict) else {}


def _words(value: object) -> str:
    return "–" if value is None else without_passwords(str(value))
