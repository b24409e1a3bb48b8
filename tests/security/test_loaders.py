"""What is read from files is never executed."""

import ast
import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from lightning_go4align.history import FILE, History
from lightning_go4align.plots.example import example_history

ROOT = Path(__file__).parents[2]
SOURCES = sorted(
    path for folder in ("lightning_go4align", "perf", "docs", ".ci") for path in (ROOT / folder).rglob("*.py")
)
UNSAFE_YAML = ("unsafe_load", "full_load", "UnsafeLoader", "FullLoader", "from yaml import")


class Touch:
    """A pickle that writes a file when it is loaded."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.path,)


def calls(path: Path, *names: str) -> Iterator[ast.Call]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call) and ast.unparse(node.func) in names:
            yield node


def keywords(call: ast.Call) -> dict[str | None, str]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


def test_a_pickle_in_an_event_log_is_refused_and_not_run(tmp_path: Path) -> None:
    example_history().save(tmp_path)
    with np.load(tmp_path / FILE) as file:
        arrays = dict(file)
    touched = tmp_path / "touched"
    arrays["steps"] = np.array([Touch(touched)], dtype=object)
    np.savez(tmp_path / FILE, **arrays)
    with pytest.raises(ValueError, match=r"allow_pickle|pickle"):
        History.load(tmp_path)
    assert not touched.exists()
    pickle.loads(pickle.dumps(Touch(touched)))  # It would have run.
    assert touched.exists()


def test_a_pickle_in_a_checkpoint_is_refused_and_not_run(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    torch.save({"callbacks": {"MultiTaskCallback": Touch(touched)}}, tmp_path / "hostile.ckpt")
    with pytest.raises(pickle.UnpicklingError):
        torch.load(tmp_path / "hostile.ckpt", weights_only=True)
    assert not touched.exists()


def is_safe(loader: str, path: Path) -> bool:
    """Whether a loader is PyYAML's safe one or derived from it in the same file."""
    classes = [node for node in ast.walk(ast.parse(path.read_text("utf-8"))) if isinstance(node, ast.ClassDef)]
    bases = {node.name: [ast.unparse(base) for base in node.bases] for node in classes}
    return loader == "yaml.SafeLoader" or any(is_safe(base, path) for base in bases.get(loader, ()))


def test_yaml_is_read_by_safe_loaders_only() -> None:
    loads = [(path, call) for path in SOURCES for call in calls(path, "yaml.load", "yaml.load_all")]
    assert [ast.unparse(call) for path, call in loads if not is_safe(ast.unparse(call.args[1]), path)] == []
    unsafe = [word for word in UNSAFE_YAML for path in SOURCES if word in path.read_text("utf-8")]
    assert unsafe == []


def test_the_safe_loader_refuses_what_a_configuration_could_run() -> None:
    with pytest.raises(yaml.YAMLError):
        yaml.safe_load("a: !!python/object/apply:os.system ['true']")


def test_nothing_is_unpickled_evaluated_or_run_by_a_shell() -> None:
    unsafe = ("eval", "exec", "os.system", "os.popen", "pickle.load", "pickle.loads", "joblib.load")
    assert [(path.name, ast.unparse(call)) for path in SOURCES for call in calls(path, *unsafe)] == []
    shells = [call for path in SOURCES for call in calls(path, "subprocess.run", "subprocess.Popen")]
    assert [ast.unparse(call) for call in shells if "shell" in keywords(call)] == []


def test_arrays_and_checkpoints_are_read_without_pickles() -> None:
    arrays = [call for path in SOURCES for call in calls(path, "np.load", "numpy.load")]
    assert arrays
    assert [ast.unparse(call) for call in arrays if keywords(call).get("allow_pickle", "False") != "False"] == []
    tensors = [call for path in SOURCES for call in calls(path, "torch.load")]
    assert [ast.unparse(call) for call in tensors if keywords(call).get("weights_only") != "True"] == []
