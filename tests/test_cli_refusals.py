"""What the system, a missing package or the user's own code refuses is told with a way out."""

import errno
import re
import sys
from configparser import ConfigParser
from importlib.abc import MetaPathFinder
from pathlib import Path
from typing import Any, NoReturn

import pytest
import torch
import yaml
from cli_answers import FIT, MARKS, QM9, SHORT, TOY, check

from lightning_go4align.cli import main
from lightning_go4align.cli.extras import EXTRAS

pytestmark = MARKS


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EROFS, "read-only"),
        (errno.EFBIG, "ulimit -f"),
        (errno.EIO, "Name another place"),
        (errno.EACCES, "permissions"),
        (errno.EADDRINUSE, "The port is in use"),
    ],
)
def test_what_the_system_refuses_is_told_with_a_way_out(
    number: int, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*args: Any, **kwargs: Any) -> NoReturn:
        raise OSError(number, errno.errorcode[number], "place")

    monkeypatch.setattr("lightning.fabric.loggers.csv_logs._ExperimentWriter.save", refuse)
    check((FIT + SHORT).split(), ["place", said], capsys)


def test_a_checkpoint_on_a_full_disk(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(
        "lightning.fabric.plugins.io.torch_io._atomic_save", lambda *args: torch.save([1], "/dev/full")
    )
    check((FIT + SHORT).split(), ["could not be written", "Make room"], capsys)


class Lacking(MetaPathFinder):
    """Finds every module but those of one package."""

    def __init__(self, package: str) -> None:
        self.package = package

    def find_spec(self, fullname: str, path: Any, target: Any = None) -> None:
        if fullname.partition(".")[0] == self.package:
            raise ModuleNotFoundError(f"No module named {fullname!r}", name=fullname)


CLUSTERING = f"{FIT} --model.method.clustering=lightning_go4align.clustering"
MONITOR = f"{FIT} --trainer.callbacks=GroupDynamicsMonitor{SHORT}"


@pytest.mark.parametrize(
    ("module", "extra", "given"),
    [
        ("matplotlib", "'lightning-go4align[plot]'", QM9),
        ("scipy", "'lightning-go4align[plot]'", MONITOR),
        ("qm9pack", "'lightning-go4align[qm9]'", QM9),
        ("torch_geometric", "'lightning-go4align[qm9]'", f"{QM9} --data.source=PyGFiles --data.source.root=x"),
        ("PIL", "'lightning-go4align[vision]'", "fit -c celeba/base -c celeba/go4align"),
        ("cvxpy", "'lightning-go4align[methods]'", f"{TOY} -c toy/cagrad{SHORT}"),
        ("cvxpy", "'lightning-go4align[clustering]'", f"{CLUSTERING}.sdp.SDP"),
        ("sklearn", "'lightning-go4align[clustering]'", f"{CLUSTERING}.spectral.Spectral"),
        ("kmeans_pytorch", "'lightning-go4align[kmeans]'", f"{CLUSTERING}.lloyd.Lloyd"),
        ("wandb_workspaces", "'lightning-go4align[wandb]'", "dashboard a/b"),
        ("wandb", "'lightning-go4align[wandb]'", f"{FIT} --trainer.logger=WandbLogger{SHORT}"),
        ("ray", "'lightning-go4align[ray]'", "study studies/toy --engine=ray"),
        ("submitit", "'lightning-go4align[slurm]'", "study studies/toy --engine=slurm"),
        ("optuna", "'lightning-go4align[tune]'", "tune searched.yaml"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(
    module: str, extra: str, given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    base, si = (str(Path(__file__).parents[1] / "configs" / "toy" / f"{name}.yaml") for name in ("base", "si"))
    study = {"benchmark": [base], "methods": {"SI": {"configs": [si]}}, "columns": ["test/distance"]}
    search = {"reference": "SI", "search": {"space": {"model.init_args.learning_rate": {"choices": [0.1, 0.2]}}}}
    Path("searched.yaml").write_text(yaml.safe_dump(study | search))
    package = "lightning_go4align"
    leaves = (f"{package}.clustering.", f"{package}.benchmarks.celeba", f"{package}.studies.engines.")
    for name in list(sys.modules):
        # What has imported it before must do so again.
        if name.partition(".")[0] == module or name.startswith((*leaves, f"{package}.studies.tuning")):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setattr(sys, "meta_path", [Lacking(module), *sys.meta_path])
    check(given.split(), [f"pip install {extra}"], capsys)


def test_every_module_of_an_extra_is_known_by_the_extra_that_brings_it() -> None:
    settings = ConfigParser()
    settings.read(Path(__file__).parents[1] / "setup.cfg")
    tools = ("all", "dev", "docs", "release", "recipe")
    extras = settings["options.extras_require"]
    brought = {extra: text for extra, text in extras.items() if extra.split("-")[0] not in tools}
    packages = {
        "PIL": "pillow",
        "sklearn": "scikit-learn",
        "qpsolvers": "torchjd",
        "quadprog": "torchjd",
        "ecos": "torchjd",
    }
    for module, extra in EXTRAS.items():
        package = packages.get(module, module.replace("_", "-")).replace("tensorboardX", "tensorboard")
        assert re.search(rf"^{package}\b", brought[extra], re.MULTILINE), module
    named = {line.split(">")[0].split("=")[0].split("[")[0] for text in brought.values() for line in text.split()}
    assert named <= {packages.get(module, module.replace("_", "-")) for module in EXTRAS} | {"tensorboard"}


def test_a_dashboard_without_a_key_says_how_to_have_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    check(["dashboard", "a/b"], ["no key", "wandb login"], capsys)


def test_debug_anywhere_shows_the_traceback(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["--debug", "report", "nowhere"], ["report", "--debug", "nowhere"]):
        with pytest.raises(SystemExit) as end:
            main(words)
        printed = capsys.readouterr().err
        assert (end.value.code, "Traceback (most recent call last)" in printed) == (2, True)
        assert re.search(r"go4align report: nowhere is no folder.*\n.*\n$", printed)


def test_a_forgotten_callback_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "plain_rooms.py").write_text(
        "import torch\nfrom lightning.pytorch.demos.boring_classes import BoringModel\nclass Rooms(BoringModel):\n"
        "    def training_step(self, batch, batch_idx):\n        return {'depth': self(batch).sum()}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    words = "fit --seed_everything=0 --model=plain_rooms.Rooms --trainer.limit_val_batches=0"
    check((words + SHORT).split(), ["without `loss`", "class_path: lightning_go4align.MultiTaskCallback"], capsys)


def test_a_fault_of_the_users_module_is_found_by_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "faulty_rooms.py").write_text(
        "from lightning_go4align.benchmarks.toy import ToyModule\nclass Rooms(ToyModule):\n"
        "    def training_step(self, batch, batch_idx):\n        return [][0]\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SystemExit) as end:
        main([*(FIT + SHORT).split(), "--model=faulty_rooms.Rooms", "--model.method=GO4Align"])
    lines = capsys.readouterr().err.splitlines()[-3:]
    assert end.value.code == 1
    assert lines[0] == "go4align fit: IndexError: list index out of range"
    assert "faulty_rooms.py:4 in training_step" in lines[1]
    assert "--debug" in lines[2]


def test_python_raises_what_the_command_explains(tmp_path: Path) -> None:
    from lightning_go4align.report import write_report

    with pytest.raises(FileNotFoundError, match=r"holds no group_dynamics\.npz"):
        write_report(tmp_path)
