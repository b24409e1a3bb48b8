from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.wandb
SWEEPS = Path(__file__).parents[2] / "configs" / "sweeps"


@pytest.mark.parametrize(("name", "runs"), [("num_groups", 12), ("beta", 15)])
def test_a_sweep_and_its_shell_loop_cover_the_same_grid(name: str, runs: int) -> None:
    sweep = yaml.safe_load((SWEEPS / f"{name}.yaml").read_text())
    loop = (SWEEPS / f"{name}.sh").read_text()
    values = sweep["parameters"][f"model.method.{name}"]["values"]
    seeds = sweep["parameters"]["seed_everything"]["values"]
    (written,) = [line.split(" in ")[1].removesuffix("; do") for line in loop.splitlines() if f"for {name} " in line]
    assert [float(value) for value in written.split()] == values
    assert f"for seed in {' '.join(map(str, seeds))};" in loop
    assert len(values) * len(seeds) == runs


@pytest.mark.slow
@pytest.mark.parametrize("name", ["num_groups", "beta"])
def test_the_command_of_a_sweep_is_one_that_the_cli_understands(
    name: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    sweeps = pytest.importorskip("wandb.sdk.launch.sweeps.utils")
    from lightning_go4align.cli import main

    sweep = yaml.safe_load((SWEEPS / f"{name}.yaml").read_text())
    chosen = {key: {"value": entry["values"][-1]} for key, entry in sweep["parameters"].items()}
    command = sweeps.create_sweep_command(sweep["command"])
    arguments = sweeps.create_sweep_command_args({"args": chosen})["args"]
    expanded = [part for word in command for part in (arguments if word == "${args}" else [word])]
    monkeypatch.chdir(SWEEPS.parents[1])
    monkeypatch.setattr("sys.argv", ["go4align"])
    with pytest.raises(SystemExit):
        main([*expanded[expanded.index("fit") :], "--print_config"])
    found = yaml.safe_load(capsys.readouterr().out)
    assert found["seed_everything"] == 2
    assert found["model"]["init_args"]["method"]["init_args"][name] == chosen[f"model.method.{name}"]["value"]
