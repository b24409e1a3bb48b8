"""The command go4align: every form of configuration, its errors, its other commands."""

import csv
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import yaml
from cli_modules import Widths, seen
from lightning.pytorch.loggers import CSVLogger

from lightning_go4align import GO4Align
from lightning_go4align.cli import main
from lightning_go4align.cli.log_folders import with_own_folder
from lightning_go4align.methods import SI

# Lightning 2.6 calls what jsonargparse 4.53 has renamed.
pytestmark = [
    pytest.mark.usefixtures("in_empty_folder"),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
]

QUIET = ["--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
SHORT = [*QUIET, "--trainer.max_epochs=1", "--trainer.logger=false", "--trainer.enable_checkpointing=false"]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "config.yaml"
    model = {"class_path": "cli_modules.Widths", "init_args": {"hidden": 5, "method": {"class_path": "GO4Align"}}}
    path.write_text(yaml.safe_dump({"seed_everything": 0, "model": model}))
    return str(path)


@pytest.mark.parametrize(
    "given",
    [
        pytest.param(["--model.method=GO4Align", "--model.method.num_groups=1"], id="short"),
        pytest.param(
            ["--model.method.class_path=lightning_go4align.GO4Align", "--model.method.init_args.num_groups=1"],
            id="class_path",
        ),
        pytest.param(["--model.init_args.method.init_args.num_groups=1"], id="one-key"),
    ],
)
def test_a_method_can_be_given_in_every_form(
    config: str, given: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "-c", config, *given, "--print_config"])
    printed = yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]
    assert (printed["hidden"], printed["method"]["init_args"]["num_groups"]) == (5, 1)


def test_a_second_config_swaps_the_method(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "si.yaml").write_text("model: {init_args: {method: lightning_go4align.methods.SI}}")
    with pytest.raises(SystemExit):
        main(["fit", "-c", config, "-c", str(tmp_path / "si.yaml"), "--print_config"])
    assert yaml.safe_load(capsys.readouterr().out)["model"]["init_args"]["method"]["class_path"].endswith("SI")


def test_fit_trains_and_then_tests(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    main(["fit", "-c", config, *SHORT, "--test_after_fit=true"])
    assert "test/zero" in capsys.readouterr().out


def test_a_fit_tests_the_weights_that_are_chosen(config: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []
    monkeypatch.setattr("lightning_go4align.cli.lightning_cli.weights_to_test", lambda *given: asked.append(given))
    main(["fit", "-c", config, *SHORT, "--test_after_fit=true"])
    assert len(asked) == 1


def test_a_fit_ends_with_where_everything_is(
    config: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    watched = ["--trainer.callbacks=GroupDynamicsMonitor", "--trainer.enable_checkpointing=true"]
    logged = [
        "--trainer.logger=lightning.pytorch.loggers.CSVLogger",
        "--trainer.logger.save_dir=logs",
        "--trainer.log_every_n_steps=1",
    ]
    main(["fit", "-c", config, *SHORT, *watched, *logged])
    run, checkpoint, page, _, advice = capsys.readouterr().out.splitlines()[-5:]
    folder = Path(run.split()[1])
    assert not folder.is_absolute()
    assert page.split() == ["page", str(folder / "group_dynamics.html")]
    assert Path(page.split()[1]).is_file()
    assert Path(checkpoint.split()[1]).is_file()
    assert advice.strip() == f"go4align report {folder}"


def test_the_callback_door_stands_open_in_the_trainer(config: str, tmp_path: Path) -> None:
    (tmp_path / "plain.yaml").write_text(
        "seed_everything: 0\nmodel: {class_path: toy.Toy}\n"
        "data: {class_path: cli_modules.ToyData}\n"
        "trainer: {callbacks: [{class_path: cli_modules.Look, init_args: {method: {class_path: GO4Align}}}]}\n"
    )
    main(["fit", "-c", str(tmp_path / "plain.yaml"), *SHORT])
    assert seen.pop().tasks == ["a", "b", "c"]


@pytest.mark.filterwarnings("ignore:.*configure_optimizers. will be overridden")
def test_optimizer_and_scheduler_of_the_command_line_are_driven(config: str) -> None:
    given = ["--optimizer=SGD", "--optimizer.lr=0.5", "--lr_scheduler=StepLR", "--lr_scheduler.step_size=1"]
    halved = ["--lr_scheduler.gamma=0.5", "--trainer.callbacks=cli_modules.Rates"]
    main(["fit", "-c", config, *SHORT, "--trainer.max_epochs=2", *given, *halved])
    assert seen.pop() == [("SGD", 0.5), ("SGD", 0.25)]


def test_a_second_run_in_the_same_folder_logs_beside_the_first(
    config: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    logger = ["--trainer.logger=CSVLogger", "--trainer.logger.save_dir=logs", "--trainer.log_every_n_steps=1"]
    for _ in range(2):
        main(["fit", "-c", config, *QUIET, "--trainer.max_epochs=1", *logger])
    for version in ("version_0", "version_1"):
        with (tmp_path / "logs/lightning_logs" / version / "metrics.csv").open() as file:
            assert [row["group/b"] for row in csv.DictReader(file)] == ["0.0"] * 5
    assert "Trainer.fit` stopped" in caplog.text
    assert "Tip" not in caplog.text  # Lightning's, for other packages


def test_a_checkpoint_of_the_command_line_loads_without_it(config: str, tmp_path: Path) -> None:
    main(["fit", "-c", config, *QUIET, "--trainer.max_epochs=1", "--trainer.logger=false"])
    (path,) = tmp_path.rglob("*.ckpt")
    module = Widths.load_from_checkpoint(path, weights_only=True)
    assert (module.hparams["hidden"], type(module.method)) == (5, GO4Align)


def test_a_checkpoint_of_python_loads_with_the_method_given_again(tmp_path: Path) -> None:
    from toy import quiet_trainer

    trainer = quiet_trainer(max_epochs=1)
    trainer.fit(Widths(hidden=2, method=SI()))
    trainer.save_checkpoint(tmp_path / "python.ckpt")
    module = Widths.load_from_checkpoint(tmp_path / "python.ckpt", method=SI(), weights_only=True)
    assert dict(module.hparams) == {"hidden": 2, "optimization": "manual"} or dict(module.hparams) == {"hidden": 2}


@pytest.mark.parametrize(
    ("given", "named"),
    [
        pytest.param(["--model.method=GOAlign"], "GOAlign", id="unknown-method"),
        pytest.param(["--model.method.init_args.groups=3"], "groups", id="unknown-key"),
        pytest.param(["--trainer.epochs=3"], "trainer.epochs", id="unknown-flag"),
    ],
)
def test_what_is_not_known_is_named(
    config: str, given: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "-c", config, *given])
    assert named in capsys.readouterr().err


def test_a_class_of_the_current_folder_is_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "my_rooms.py").write_text(
        "from lightning_go4align import MultiTaskModule\nclass Rooms(MultiTaskModule): ...\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [path for path in sys.path if path not in ("", str(tmp_path))])
    with pytest.raises(SystemExit):
        main(["fit", "--model.help", "my_rooms.Rooms"])
    assert "--model.optimization" in capsys.readouterr().out


@pytest.mark.parametrize("switch", ["--trainer.fast_dev_run", "--test_after_fit"])
def test_a_bare_switch_is_true(config: str, switch: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "-c", config, switch, "--print_config"])
    printed = yaml.safe_load(capsys.readouterr().out)
    assert (printed["test_after_fit"] or printed["trainer"]["fast_dev_run"]) is True


def test_a_method_is_given_the_number_of_tasks(config: str, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    main(["fit", "-c", config, *SHORT, "--model.method=FAMO"])
    assert "number of tasks, `shape`: it is 2" in caplog.text


def test_runs_that_start_at_once_take_folders_of_their_own(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        loggers = list(pool.map(with_own_folder, [CSVLogger(tmp_path) for _ in range(40)]))
    assert sorted(logger.version for logger in loggers) == list(range(40))  # type: ignore[type-var]  # A logger's version may be a word; these are numbers.


@pytest.mark.parametrize("version", [3, "mine"])
def test_a_version_that_was_asked_for_stays(tmp_path: Path, version: int | str) -> None:
    (tmp_path / "lightning_logs/version_3").mkdir(parents=True)
    assert with_own_folder(CSVLogger(tmp_path, version=version)).version == version
