"""The flow of a step can be followed: few files, and no object that reads another's private field."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from flow import ROOM, Flow
from lightning.pytorch.loggers import CSVLogger
from toy import Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback


def followed(batch: int, *monitors: Any, **options: Any) -> Flow:
    """A batch of five."""
    flow = Flow(batch)
    callbacks = [flow.first, MultiTaskCallback(GO4Align(2)), *monitors, flow.last]
    quiet_trainer(callbacks=callbacks, max_epochs=1, **options).fit(Toy(), loader())
    return flow


def test_a_step_passes_through_seven_files_at_most() -> None:
    flow = followed(2, log_every_n_steps=50)  # Nothing else is due after it.
    assert "update/training_step.py" in flow.shell
    assert len(set(flow.shell)) <= 7
    assert len(flow.shell) <= 48


def test_a_logged_and_watched_step_passes_through_twelve_files_at_most(tmp_path: Path) -> None:
    logger = CSVLogger(tmp_path)
    options = {"log_every_n_steps": 2, "logger": logger, "default_root_dir": tmp_path}
    # The second that is logged: at the first, loggers are told of the method and its tasks, too.
    flow = followed(3, GroupDynamicsMonitor(num_pictures=0), **options)
    assert "groups/stability" in logger.experiment.metrics_keys
    assert {"update/step_log.py", "monitors/recorder.py"} <= set(flow.shell)
    assert len(set(flow.shell)) <= 12


PUBLIC = {"_replace", "_asdict", "_fields", "_make"}  # Of named tuples, whose fields could have these names.
PUBLIC |= {"_exit", "_repr_html_"}  # Of os, and of IPython.
OF_OTHERS = {
    "update/compatibility.py": {"_configure_schedulers_automatic_opt"},
    "update/attributes.py": {"_version"},  # How often a tensor was changed in place; torch has no public name for it.
    "update/continuation.py": {"_version"},
    "update/side_effects.py": {"_version"},
    "methods/state.py": {"_parameters", "_buffers", "_init_optim_problem"},  # torch's, and TorchJD's Nash-MTL's
    "methods/some_tasks.py": {"_init_optim_problem"},  # TorchJD's Nash-MTL's
    "functional/values.py": {"_is_zerotensor", "_DisableFuncTorch"},  # torch has no public name for them either.
    "methods/lazy_buffers.py": {"_buffers", "_non_persistent_buffers_set"},  # torch's
    "benchmarks/dense_prediction/scores.py": {"_plot"},  # torchmetrics'
    "metrics/depth.py": {"_plot"},
    "metrics/normals.py": {"_plot"},
    "cli/lightning_command.py": {"_actions"},  # argparse's
    "dashboard/push.py": {"_to_model", "_internal_name"},  # of wandb_workspaces
}


def private_reads(file: Path) -> Iterator[str]:
    """Names of the private attributes that a file takes or imports of anything but ``self``, its class and itself."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    classes = {node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.endswith("__"):
            owner = node.value
            own = isinstance(owner, ast.Name) and owner.id in {"self", "cls", *classes}
            of_parent = isinstance(owner, ast.Call) and isinstance(owner.func, ast.Name) and owner.func.id == "super"
            if not own and not of_parent and node.attr not in PUBLIC:
                yield node.attr
        elif isinstance(node, ast.ImportFrom):
            names = [alias.name for alias in node.names]
            yield from (name for name in names if name.startswith("_") and not name.endswith("__"))


def test_no_object_reads_a_private_field_of_another() -> None:
    reads = {file.relative_to(ROOM).as_posix(): set(private_reads(file)) for file in ROOM.rglob("*.py")}
    assert {file: names for file, names in reads.items() if names - OF_OTHERS.get(file, set())} == {}
    assert reads.keys() >= OF_OTHERS.keys()


def test_private_reads_are_seen(tmp_path: Path) -> None:
    file = tmp_path / "module.py"
    file.write_text(
        "from d import _t, u\n"
        "class A:\n def f(self, b): return self._x + b._y + A._z + super()._w + self.c._v + b._asdict()\n"
    )
    assert sorted(private_reads(file)) == ["_t", "_v", "_y"]


LONGEST = 200  # lines: what one reads in one go


def test_no_file_is_longer_than_two_hundred_lines() -> None:
    rooms = [ROOM, ROOM.parent / "perf", ROOM.parent / "tests"]
    files = [file for room in rooms for file in room.rglob("*.py")]
    assert Path(__file__) in files
    lengths = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    assert {file: length for file, length in lengths.items() if length > LONGEST} == {}
