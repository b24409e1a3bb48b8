"""No fit of the command line writes over the files of another one, nor over the user's."""

from pathlib import Path

import pytest
import yaml
from cli_answers import FIT, MARKS, SHORT

from lightning_go4align.cli import main
from lightning_go4align.cli.log_folders import own_root

pytestmark = MARKS

BARE = [*(FIT + SHORT).split(), "--trainer.logger=false", "--trainer.callbacks=GroupDynamicsMonitor"]


def test_without_a_logger_each_fit_has_its_own_folder(capsys: pytest.CaptureFixture[str]) -> None:
    mine = Path("config.yaml")
    mine.write_text("trainer: {num_sanity_val_steps: 0} # mine")
    folders = [Path("version_1"), Path("version_2")]
    for seed, folder in enumerate(folders):
        main([*BARE, "-c", "config.yaml", f"--seed_everything={seed}"])
        assert f"go4align report {folder}\n" in capsys.readouterr().out
    assert mine.read_text() == "trainer: {num_sanity_val_steps: 0} # mine"
    assert [yaml.safe_load((folder / "config.yaml").read_text())["seed_everything"] for folder in folders] == [0, 1]
    assert all((folder / "group_dynamics.html").is_file() for folder in folders)
    assert all(list(folder.rglob("*.ckpt")) for folder in folders)


def test_a_folder_may_be_at_home_or_on_another_machine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert own_root("~/runs") == str(tmp_path / "home" / "runs")
    assert own_root("s3://bucket/runs") == "s3://bucket/runs"
    assert list(Path().iterdir()) == [Path("home")]


def test_a_trial_run_leaves_nothing() -> None:
    main([*BARE, "--trainer.fast_dev_run=true"])
    assert list(Path().iterdir()) == []
