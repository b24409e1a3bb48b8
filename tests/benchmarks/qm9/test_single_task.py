import json
from pathlib import Path

import pytest

from lightning_go4align.benchmarks.qm9 import TARGETS, single_task_errors
from lightning_go4align.benchmarks.qm9.single_task import main

CONFIGS = Path(__file__).parents[3] / "configs" / "qm9"


def test_file_for_the_quick_configuration_has_an_error_for_every_target():
    errors = single_task_errors("quick_stl.json")
    assert list(errors) == [target.name for target in TARGETS]
    assert all(errors[name] > published for name, published in single_task_errors("published.json").items())


@pytest.mark.slow
def test_command_trains_one_network_a_target_and_writes_what_baseline_reads(small_qm9pack, tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(small_qm9pack.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    tiny = tmp_path / "tiny.yaml"
    tiny.write_text("trainer: {max_epochs: 1}\ndata: {init_args: {num_train: 32, num_val: 16, num_test: 16}}")
    configs = [CONFIGS / "base.yaml", CONFIGS / "quick.yaml", CONFIGS / "ls.yaml", tiny]
    main([str(tmp_path / "stl.json"), *map(str, configs), "--folder", str(tmp_path / "runs")])
    assert list(single_task_errors(str(tmp_path / "stl.json"))) == [target.name for target in TARGETS]
    assert "tiny.yaml" in json.loads((tmp_path / "stl.json").read_text())["about"]
