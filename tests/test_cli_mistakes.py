"""Every mistake on the command line ends in at most three lines: what was asked, what was found, a way out."""

import errno
import re
import sys
from collections.abc import Sequence
from configparser import ConfigParser
from pathlib import Path
from typing import Any, NoReturn
from zipfile import ZipFile

import numpy as np
import pytest
import torch
import yaml

from lightning_go4align.cli import main
from lightning_go4align.cli.extras import EXTRAS
from lightning_go4align.plots.example import example_history

# Lightning 2.6 calls what jsonargparse 4.53 has renamed.
pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*configure_optimizers. will be overridden"),
]

TOY = "fit -c toy/base"
FIT = f"{TOY} -c toy/go4align"
SHORT = (
    " --trainer.accelerator=cpu --trainer.max_epochs=1 --trainer.limit_train_batches=2 --test_after_fit=false"
    " --trainer.enable_progress_bar=false --trainer.enable_model_summary=false --trainer.log_every_n_steps=1"
)
QM9 = "fit -c qm9/base -c qm9/quick -c qm9/go4align" + SHORT

#: What is written, and what the answer must say.
COMMANDS = {
    "": ["No command", "fit, validate", "--help"],
    "fti": ["`fti`", "Did you mean fit"],
    "trian": ["`trian`", "Did you mean fit"],
    "evaluate": ["Did you mean test"],
    "qm9/base": ["go4align fit -c qm9/base"],
    "--fast": ["no flag `--fast`"],
    "--verison": ["--version"],
    "-c toy/base": ["No command"],
    "-c toy/base fit": ["`-c` stands before", "Write the command first: `go4align fit -c"],
    "configs qm8": ["'qm8'", "Did you mean qm9"],
    "configs --copy qm9": ["--copy", "--help"],
    "report": ["needs RUN"],
    "report nowhere": ["nowhere holds no group_dynamics.npz", "Give the folder of a run"],
    "report a b": ["a holds no group_dynamics.npz"],
    "study": ["needs FILE"],
    "study studies/toyy": ["'studies/toyy'", "studies/toy", "go4align configs"],
    "study studies/toy --jobs=0": ["`jobs` must be at least 1, but is 0"],
    "study studies/toy --jobs=x": ["--jobs", "'x'"],
    "study studies/toy --job 2": ["`--job`", "Did you mean --jobs"],
    "study toy/base": ["base.yaml", "Its keys are the arguments of `Study`"],
    "dashboard": ["needs ENTITY/PROJECT"],
    "dashboard foo": ["must be ENTITY/PROJECT", "'foo'"],
    "dashboard a/b --dryrun": ["`--dryrun`", "--dry_run"],
    "fit": ["needs a model", "-c qm9/base", "--model my_project.Rooms"],
    "validate": ["`validate` needs a model"],
    "predict -c toy/base": ["needs `method`", "--model.method GO4Align"],
    "fit -c": ["--config", "expected one argument"],
    "fit toy/base": ["`-c toy/base`"],
}
ARGUMENTS = {
    "--model.method=famo": ["'famo'", "Did you mean FAMO", "There are FAMO", "my_project.Mine"],
    "--model.method=GOAlign": ["Did you mean GO4Align"],
    "--model.method=lightning_go4align.methods.GO5Align": ["has no 'GO5Align'", "methods.GO4Align"],
    "--model.method=lightning_go4align.metods.GO4Align": ["has no 'metods'", "lightning_go4align.methods"],
    "--model.method=my.missing.Method": ["no module 'my'", "from the folder where it lies"],
    "--model.method=lightning_go4align.GroupDynamicsMonitor": ["GroupDynamicsMonitor, which is no Scalarizer"],
    "--model.method=Scalarizer": ["'Scalarizer'", "Did you mean GroupedScalarizer"],
    "--model.method=": ["is ''", "There are"],
    "--model.method=null": ["needs `method`"],
    "--model.method=3": ["`model.method` is '3'"],
    "--model.method=CAGrad": ["needs `c`", "--model.method.c VALUE"],
    "--model.method=CAGrad --model.method.c=-1": ["c must be non-negative, but got -1"],
    "--model.method=CAGrad --model.method.cc=1": ["no argument `cc`", "Did you mean c?", "c, norm_eps"],
    "--model.method.groups=3": ["no argument `groups`", "Did you mean num_groups", "beta, reduction"],
    "--model.method.num_groups=three": ["`model.method.num_groups` must be an integer or 'auto', but is 'three'"],
    "--model.method.num_groups=0": ["`num_groups` must be at least 1, but is 0"],
    "--model.method.beta=null": ["`model.method.beta` must be a number, but is null"],
    "--model.method.beta=nan": ["must be a number, but is 'nan'"],
    "--model.method.beta=.nan": ["`beta` must be a number of at least 0, but is nan"],
    "--model.method.beta=-1": ["`beta` must be a number of at least 0, but is -1"],
    "--model.method.reduction=max": ["must be 'sum' or 'mean', but is 'max'"],
    "--model.method.clustering=kmeans": ["`model.method.clustering` is 'kmeans'"],
    "--model.method.clustering=lightning_go4align.clustering.nope": ["has no 'nope'"],
    "--model.method.init_args=3": ["`model.method.init_args` must name arguments", "name: value"],
    "--model=ToyModul": ["'ToyModul'", "Did you mean ToyModule"],
    "--model.lr=3": ["no argument `lr`", "Did you mean learning_rate"],
    "--model.learning_rate=high": ["must be a number, but is 'high'"],
    "--model.start=9": ["`start` must lie in [0, 4], but is 9"],
    "--model.help=Foo": ["no class 'Foo'"],
    "--data=QM9Data": ["Did you mean", "QM9DataModule"],
    "--data=lightning_go4align.benchmarks.toy.ToyModule": ["which is no LightningDataModule"],
    "--trainer.epochs=3": ["`--trainer.epochs`", "--trainer.max_epochs"],
    "--epochs=3": ["--trainer.max_epochs"],
    "--batch_size=2": ["--data.NAME"],
    "--dry_run": ["`--dry_run` is one of study or dashboard"],
    "--c foo": ["short for several flags", "--config"],
    "blah": ["`blah` is one word too many", "-c blah"],
    "--trainer.max_epochs=three": ["must be an integer, but is 'three'"],
    "--trainer.max_epochs=1.5": ["must be an integer, but is '1.5'"],
    "--trainer.max_epochs=-7": ["at least 0, or -1 for no end, but is -7"],
    "--trainer.accelerator=gpuu": ["'gpuu'", "Did you mean gpu", "There are"],
    "--trainer.accelerator=mps": ["no accelerator for MPS", "auto"],
    "--trainer.devices=abc": ["`trainer.devices` must be an int", "auto"],
    "--trainer.accelerator=cpu --trainer.devices=0": ["`trainer.devices` is"],
    "--trainer.strategy=dpp": ["'dpp'", "Did you mean ddp"],
    "--trainer.precision=12": ["'16-mixed'", "but is '12'"],
    "--trainer.accumulate_grad_batches=0": ["must be at least 1, but is 0"],
    "--trainer.gradient_clip_val=-1": ["must be at least 0, but is -1"],
    "--trainer.val_check_interval=0": ["must not be 0", "limit_val_batches"],
    "--trainer.limit_train_batches=-1": ["invalid value -1 for limit_train_batches"],
    "--trainer.max_time=abc": ["'abc'", "DD:HH:MM:SS"],
    "--trainer.callbacks=EarlyStoping": ["Did you mean EarlyStopping"],
    "--trainer.callbacks=EarlyStopping": ["needs `monitor`"],
    "--trainer.callbacks=[1,2]": ["must name a Callback"],
    "--trainer.logger=CSVLoger": ["Did you mean CSVLogger"],
    "--trainer.logger.init_args.save_dirr=x": ["no argument `save_dirr`", "Did you mean save_dir"],
    "--trainer=nothere.yaml": ["nothere.yaml", "Correct the path"],
    "--seed_everything=abc": ["true or false or an integer, but is 'abc'"],
    "--seed_everything=-1": ["`seed_everything` must lie in [0, 4294967295], but is -1"],
    "--optimizer=Adamm": ["Did you mean Adam"],
    "--optimizer=Adam --optimizer.lrr=3": ["no argument `lrr`", "Did you mean lr"],
    "--test_after_fit=perhaps": ["must be true or false, but is 'perhaps'"],
    "--print_config=x": ["--print_config"],
    "-c nothere.yaml": ["no configuration 'nothere.yaml'", "go4align configs"],
    "-c toy/bas": ["near it", "toy/base"],
    "-c .": ["'.' is a folder", "Name a file"],
    "--ckpt_path=no.ckpt": ["no checkpoint no.ckpt", "--ckpt_path"],
    "--ckpt_path=.": ["which is a folder"],
}
IN_FITS = {
    f"{FIT} --model.method.num_groups=99": ["`num_groups` must lie in [1, 2]", "is 99"],
    f"{TOY} --model.method=UW --model.method.shape=5": ["(5,)", "(2,)"],
    f"{TOY} --model.method=SingleTask --model.method.task=nope": ["'first', 'second'", "'nope'"],
    f"{FIT} --optimizer=SGD --optimizer.lr=-1": ["Invalid learning rate: -1.0"],
    f"{FIT} --trainer.default_root_dir=FILE --trainer.logger=true": ["FILE", "Not a directory", "folder"],
    f"{FIT} --trainer.logger.init_args.save_dir=FILE": ["FILE", "Not a directory", "Name another one"],
    f"{FIT} --trainer.callbacks=EarlyStopping --trainer.callbacks.monitor=no": ["`no` which is not available"],
    "fit -c nyuv2/base -c nyuv2/go4align": ["NYUv2 is expected in data/nyuv2/train", "data.root"],
    "fit -c cityscapes/base -c cityscapes/go4align": ["CityScapes is expected in", "data.root"],
    "fit -c celeba/base -c celeba/go4align": ["CelebA needs", "data.root"],
    "fit -c synthetic/base -c synthetic/go4align --data=null": ["needs a SyntheticData"],
    "fit -c qm9/base -c qm9/go4align --model.targets=[mu,nope]": ["'nope'", "'mu', 'alpha'"],
    "fit -c qm9/base -c qm9/go4align --model.baseline=nope.json": ["'nope.json'", "published.json"],
}
FILES = {
    "": ["is empty"],
    "[1, 2]": ["must be a mapping", "[1, 2]"],
    "model: {init_args: {method: {class_path: GO4Align\n": ["line 2, column 1", "is no YAML"],
    "a:\n\tb: 1\n": ["line 2, column 1", "is no YAML"],
    "trainer: {max_epochs: 1}\ntrainer: {max_epochs: 2}\n": ["line 2", "'trainer' stands twice"],
    "trainer: {max_epoch: 3}": ["no argument `trainer.max_epoch`", "trainer.max_epochs"],
    "trainer: {callbacks: [{class_path: Foo}]}": ["`trainer.callbacks` is 'Foo'"],
    "model: {init_args: {methd: GO4Align}}": ["no argument `methd`", "Did you mean method"],
    "model: {init_args: {method: {class_pth: FAMO}}}": ["'class_pth'"],
    "model: {class_path: nowhere.Model}": ["no module 'nowhere'"],
    "model: \xff": ["is no text in UTF-8", "0xff at 7"],
}


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["go4align"])
    (tmp_path / "FILE").touch()


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(words)
    printed = capsys.readouterr().err.splitlines()
    [*_, start] = [number for number, line in enumerate(printed) if line.startswith("go4align")]
    assert end.value.code == 2
    assert len(printed[start:]) <= 3
    assert not any("Traceback" in line or len(line) > 520 for line in printed[start:])
    return "\n".join(printed[start:])


def check(words: list[str], said: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(words, capsys)
    assert [word for word in said if word not in found] == [], found


@pytest.mark.parametrize("given", COMMANDS)
def test_mistakes_in_commands(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check(given.split(), COMMANDS[given], capsys)


@pytest.mark.parametrize("given", ARGUMENTS)
def test_mistakes_in_arguments_of_fit(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check([*FIT.split(), *given.split()], ARGUMENTS[given], capsys)


@pytest.mark.parametrize("given", IN_FITS)
def test_mistakes_that_the_fit_finds(given: str, capsys: pytest.CaptureFixture[str]) -> None:
    check((given + SHORT).split(), IN_FITS[given], capsys)


@pytest.mark.parametrize("content", FILES)
def test_mistakes_in_configurations(content: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.yaml").write_bytes(content.encode("latin-1"))
    check([*TOY.split(), "-c", "mine.yaml"], FILES[content], capsys)


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from toy import quiet_trainer

    from lightning_go4align import GO4Align
    from lightning_go4align.benchmarks.toy import ToyModule

    trainer = quiet_trainer(max_steps=2)
    trainer.fit(ToyModule(GO4Align(num_groups=2)))
    path = tmp_path_factory.mktemp("checkpoint") / "good.ckpt"
    trainer.save_checkpoint(path)
    return path


def changed(path: Path, **entries: Any) -> None:
    content = torch.load(path, weights_only=True)
    torch.save({**content, **entries}, "bad.ckpt")


BREAKS = {
    "empty": (lambda path: Path("bad.ckpt").touch(), ["bad.ckpt is empty"]),
    "junk": (lambda path: Path("bad.ckpt").write_bytes(b"\x81" * 5000), ["is no checkpoint, or only a part"]),
    "text": (lambda path: Path("bad.ckpt").write_text("hello"), ["is no checkpoint, or only a part"]),
    "truncated": (lambda path: Path("bad.ckpt").write_bytes(path.read_bytes()[:900]), ["of 900 bytes", "a part"]),
    "weights": (lambda path: torch.save({"a": torch.ones(2)}, "bad.ckpt"), ["no state_dict", "`fit` wrote"]),
    "pickled": (lambda path: torch.save(torch.nn.Linear(1, 1), "bad.ckpt"), ["Linear", "--weights_only false"]),
    "folder": (lambda path: Path("bad.ckpt").mkdir(), ["is a folder", "ends in .ckpt"]),
    "shape": (lambda path: changed(path, state_dict={"position": torch.ones(3)}), ["size mismatch", "Size([3])"]),
    "names": (
        lambda path: changed(path, state_dict={"other": torch.ones(2)}),
        ['Missing key(s) in state_dict: "pos'],
    ),
    "state": (lambda path: changed(path, callbacks={"MultiTaskCallback": {}}), ["is damaged"]),
}


@pytest.mark.parametrize("kind", BREAKS)
def test_mistakes_with_checkpoints(kind: str, checkpoint: Path, capsys: pytest.CaptureFixture[str]) -> None:
    spoil, said = BREAKS[kind]
    spoil(checkpoint)  # type: ignore[no-untyped-call]
    check([*(FIT + SHORT).split(), "--ckpt_path=bad.ckpt"], said, capsys)


def test_a_resume_with_another_method_says_which_both_are(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*(TOY + SHORT).split(), "--model.method=SI", f"--ckpt_path={checkpoint}"]
    check(words, ["trained with GO4Align", "but the method is SI()", "Resume with the same method"], capsys)


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (errno.ENOSPC, "Make room"),
        (errno.EROFS, "read-only"),
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


@pytest.mark.parametrize(
    ("module", "advice", "given"),
    [
        ("matplotlib", "pip install 'lightning-go4align[plot]'", QM9),
        ("qm9pack", "pip install lightning-go4align[qm9]", QM9),
        ("cvxpy", 'pip install "torchjd[cagrad]"', f"{TOY} -c toy/cagrad{SHORT}"),
        ("wandb_workspaces", "pip install 'lightning-go4align[wandb]'", "dashboard a/b"),
        ("wandb", "pip install 'lightning-go4align[wandb]'", f"{FIT} --trainer.logger=WandbLogger{SHORT}"),
    ],
)
def test_a_missing_extra_is_named_with_its_command(
    module: str, advice: str, given: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in [name for name in sys.modules if name == module or name.startswith(f"{module}.")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, module, None)
    check(given.split(), [advice], capsys)


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


STUDY = {
    "benchmark": ["toy/base.yaml"],
    "methods": {"LS": {"configs": ["toy/ls.yaml"]}},
    "columns": ["test/distance"],
}
STUDIES = {
    "text": ("just text", ["study.yaml must be a mapping"]),
    "broken": ("methods: [", ["study.yaml", "is no YAML"]),
    "twice": ("methods:\n  LS: {}\n  LS: {}\n", ["line 3", "'LS' stands twice"]),
    "unknown key": (yaml.safe_dump({**STUDY, "colums": []}), ["'colums' is not accepted"]),
    "other folder": (yaml.safe_dump({**STUDY, "name": "../up"}), ["`name`", "'../up'"]),
    "no method": (yaml.safe_dump({**STUDY, "methods": {}}), ["`methods` must name at least one"]),
    "no file": (yaml.safe_dump({**STUDY, "benchmark": ["no.yaml"]}), ["no.yaml", "Paths are relative"]),
    "broken method": (yaml.safe_dump({**STUDY, "methods": {"X": {"configs": ["bad.yaml"]}}}), ["bad.yaml, line 1"]),
    "unknown output": (yaml.safe_dump({**STUDY, "outputs": ["Nope"]}), ["study.yaml cannot be read"]),
    "test chooses": (yaml.safe_dump({**STUDY, "select_by": "test/x"}), ["must not look at the test"]),
}


@pytest.mark.parametrize("kind", STUDIES)
def test_mistakes_in_studies(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content, said = STUDIES[kind]
    (tmp_path / "study.yaml").write_text(content)
    (tmp_path / "toy").mkdir()
    (tmp_path / "bad.yaml").write_text("model: [")
    for name in ("toy/base.yaml", "toy/ls.yaml"):
        (tmp_path / name).write_text("trainer: {max_epochs: 1}")
    check(["study", "study.yaml", "--dry_run"], said, capsys)


def without(path: Path, name: str) -> None:
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **{key: value for key, value in arrays.items() if key != name})


LOGS = {
    "empty": lambda path: path.write_bytes(b""),
    "junk": lambda path: path.write_bytes(b"\x00junk" * 99),
    "truncated": lambda path: path.write_bytes(path.read_bytes()[:-200]),
    "flipped": lambda path: path.write_bytes(path.read_bytes().replace(b"metadata", b"metadatb")),
    "other arrays": lambda path: np.savez(path, a=np.zeros(3)),
    "no steps": lambda path: without(path, "steps"),
    "no entry": lambda path: ZipFile(path, "w").close(),
    "pickled": lambda path: np.savez(path, metadata=np.array([{}, None])),
}


@pytest.mark.parametrize("kind", LOGS)
def test_a_damaged_log_is_no_riddle(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    LOGS[kind](example_history().save(tmp_path))  # type: ignore[no-untyped-call]
    check(["report", "."], ["group_dynamics.npz is damaged", "Train that run again"], capsys)


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
        assert re.search(r"go4align report: nowhere holds no .*\n.*\n$", printed)


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
