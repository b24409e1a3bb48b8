"""The demo configurations as a user runs them, with less of everything."""

import csv
from pathlib import Path

import pytest

from lightning_go4align.cli import main
from lightning_go4align.history import History

CONFIGS = Path(__file__).parents[2] / "configs"
LESS = {
    "nyuv2": {"data.num_train": 4, "data.num_test": 2, "data.size": [32, 32], "model.network.channels": [4] * 5},
    "cityscapes": {"data.num_train": 8, "data.num_test": 4, "data.size": [32, 32], "model.network.channels": [4] * 5},
    "celeba": {"data.num_train": 128, "data.num_val": 8, "data.num_test": 8, "model.network.channels": [4] * 4},
}
SCORES = {"nyuv2": "within_11.25", "cityscapes": "rel_err", "celeba": "Young"}

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The '.*_dataloader' does not have many workers"),
    pytest.mark.filterwarnings("ignore:`isinstance.treespec, LeafSpec.`:FutureWarning"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed from"),  # a resumed run has a folder of its own
    pytest.mark.filterwarnings("ignore:The number of training batches .* is smaller than the logging interval"),
]


@pytest.mark.parametrize("method", ["go4align", "famo"])
@pytest.mark.parametrize("benchmark", list(LESS))
def test_a_demo_trains_tests_logs_checkpoints_and_resumes(
    benchmark: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("sys.argv", ["go4align"])

    def fit(max_epochs: int, *options: str) -> Path:
        files = [f"--config={CONFIGS / benchmark / name}.yaml" for name in ("base", "demo", method)]
        changes = {"trainer.max_epochs": max_epochs, "trainer.accelerator": "cpu", "trainer.log_every_n_steps": 1}
        changes |= {"trainer.enable_progress_bar": False, **LESS[benchmark]}
        main(["fit", *files, *(f"--{name}={value}" for name, value in changes.items()), *options])
        return tmp_path / "logs" / benchmark

    runs = fit(2)
    (checkpoint,) = runs.glob("version_0/checkpoints/*.ckpt")
    fit(3, f"--ckpt_path={checkpoint}")
    with (runs / "version_1" / "metrics.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    printed = capsys.readouterr().out
    assert f"│ {SCORES[benchmark]}" in printed
    assert ("errors: mean of batch means, as published" in " ".join(printed.split())) == (benchmark != "celeba")
    assert any(row.get(f"test/{SCORES[benchmark]}") for row in rows)
    # Of made-up data published numbers say nothing; CityScapes' demo has its own, of the same scenes.
    assert not [name for name in rows[0] if name.startswith("test/delta")]
    assert any(row.get("val/delta_m") for row in rows) == (benchmark == "cityscapes")
    assert ("made up" in printed, "worse by" in printed) == (True, False)
    begun = [History.load(runs / name).total for name in ("version_0", "version_1")]
    assert begun == [4, 6]
    assert (runs / "version_1" / "group_dynamics.html").is_file()
