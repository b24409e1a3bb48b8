"""A mistake in a file, a checkpoint, a study or a log ends in at most three lines: what was found, a way out."""

from pathlib import Path
from typing import Any
from zipfile import ZipFile

import numpy as np
import pytest
import torch
import yaml
from cli_answers import FIT, MARKS, SHORT, TOY, check

from lightning_go4align.plots.example import example_history

pytestmark = MARKS

MONITOR = "trainer: {callbacks: [{class_path: lightning_go4align.DeltaMMonitor, init_args: {baseline"
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
    f"{MONITOR}: [0.1]}}}}]}}": ["`trainer.callbacks.baseline` must be a mapping, but is '[0.1]'"],
    f"{MONITOR}: {{a: 1}}, higher_is_better: val/a}}}}]}}": ["higher_is_better` must be a list, but is 'val/a'"],
    "model: {class_path: nowhere.Model}": ["no module 'nowhere'"],
    "model: \xff": ["is no text in UTF-8", "0xff at 7"],
}


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
    "one byte": (lambda path: Path("bad.ckpt").write_bytes(b"\x80"), ["of 1 bytes", "a part"]),
    "archive's first bytes": (lambda path: Path("bad.ckpt").write_bytes(path.read_bytes()[:4]), ["of 4 bytes"]),
    "empty pickle": (lambda path: Path("bad.ckpt").write_bytes(b"\x80\x02}q\x00."), ["of 6 bytes", "a part"]),
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
    spoil(checkpoint)  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
    check([*(FIT + SHORT).split(), "--ckpt_path=bad.ckpt"], said, capsys)


def test_a_resume_with_another_method_says_which_both_are(
    checkpoint: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [*(TOY + SHORT).split(), "--model.method=SI", f"--ckpt_path={checkpoint}"]
    check(words, ["trained with GO4Align", "but the method is SI()", "Resume with the same method"], capsys)


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
    "wrong type": (yaml.safe_dump({**STUDY, "baseline": {"a": 1}}), ["`baseline` must be text, but is {'a': 1}."]),
    "wrong types": (yaml.safe_dump({**STUDY, "seeds": "x"}), ["study.yaml: `seeds` must be a list, but is 'x'."]),
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
    LOGS[kind](example_history().save(tmp_path))  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
    check(["report", "."], ["group_dynamics.npz is damaged", "Train that run again"], capsys)
