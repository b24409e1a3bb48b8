"""What the command go4align tells without a run: its help, and the configurations that come with it."""

import contextlib
import io
import logging
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from cli_answers import MARKS
from isolation import child_environment

from lightning_go4align.cli import main
from lightning_go4align.cli.entry import LIGHTNING, OTHERS
from lightning_go4align.cli.progress import log_above_the_bar
from lightning_go4align.config_files import SHIPPED, find_config, shipped_names
from lightning_go4align.plots.example import example_history

pytestmark = MARKS


def test_the_help_of_a_method_prints_its_docstring(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "--model.help", "cli_modules.Widths"])
    assert "How tasks are balanced" in capsys.readouterr().out


def test_the_console_script_names_every_command() -> None:
    printed = subprocess.run(
        [sys.executable, "-m", "lightning_go4align", "--help"],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment(),
    )
    assert all(f"\n  {name} " in printed.stdout for name in [*LIGHTNING, *OTHERS])


@pytest.mark.parametrize("command", ["report", "dashboard", "study", "tune", "configs"])
def test_every_other_command_has_help(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main([command, "--help"])
    assert f"go4align {command}" in capsys.readouterr().out


@pytest.mark.parametrize("command", LIGHTNING)
def test_the_help_of_training_begins_with_method_and_data(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    main([command, "--help"])
    printed = capsys.readouterr().out
    assert printed.index("--model.method") < printed.index("--data") < printed.index("--trainer.max_epochs")
    assert len(printed.splitlines()) < 40


def test_the_whole_help_has_every_argument_of_the_trainer(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as end:
        main(["fit", "--help", "all"])
    assert (end.value.code, "--trainer.reload_dataloaders_every_n_epochs" in capsys.readouterr().out) == (0, True)


# One study for each kind of baseline (none, a file, a name in a benchmark) and each kind of output.
PLANS = [["study", f"studies/{name}", "--dry_run"] for name in ("toy", "qm9_beta", "qm9_groups", "nyuv2", "celeba")]


@pytest.mark.parametrize(
    "command", [["--help"], ["--version"], ["configs"], ["report", "--help"], *PLANS], ids=" ".join
)
def test_what_needs_no_torch_and_draws_nothing_does_not_wait_for_it(command: list[str], tmp_path: Path) -> None:
    code = f"import sys; from lightning_go4align.cli import main\ntry: main({command})\nexcept SystemExit: pass\n"
    slow = {"torch", "lightning", "torchmetrics", "torchjd", "matplotlib", "scipy", "numpy"}
    code += f"print(sorted({slow} & set(sys.modules)), file=sys.stderr)"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env=child_environment(),
        cwd=tmp_path,
    )
    assert ended.stderr.splitlines()[-1] == "[]"


def test_reports_are_written_without_torch(tmp_path: Path) -> None:
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        example_history().save(tmp_path / name)
    commands = [["report", "first", "second"], ["report", "."]]  # a page of each and a comparison, an index
    code = "import sys; from lightning_go4align.cli import main\n"
    code += f"for command in {commands}: main(command)\nsys.exit('torch' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], check=False, env=child_environment(), cwd=tmp_path)
    assert (ended.returncode, len(list(tmp_path.rglob("*.html")))) == (0, 4)


def test_a_configuration_of_the_package_is_found_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["fit", "-c", "toy/base", "-c", "toy/go4align", "--print_config"])
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["model"]["init_args"]["method"]["class_path"] == "lightning_go4align.methods.GO4Align"


def test_a_file_beside_goes_before_one_of_the_package(tmp_path: Path) -> None:
    (tmp_path / "toy").mkdir()
    (tmp_path / "toy/base.yaml").write_text("a: 1")
    assert find_config("toy/base").resolve() == tmp_path / "toy/base.yaml"


def test_the_configurations_are_listed_one_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    main(["configs"])
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines if line] == shipped_names()
    main(["configs", "qm9"])
    [famo] = [line for line in capsys.readouterr().out.splitlines() if line.startswith("qm9/famo ")]
    assert famo.split()[1] == "torchjd.scalarization.FAMO"


@pytest.mark.parametrize("name", ["qm9", "studies", "toy/base"])
def test_copies_of_configurations_are_equal(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["configs", "--copy", name, str(tmp_path)])
    copies = [Path(line) for line in capsys.readouterr().out.splitlines()]
    assert tmp_path / name in (copies[0].with_suffix(""), *copies[-1].parents, *(copy.parent for copy in copies))
    assert all(copy.read_bytes() == (SHIPPED / copy.relative_to(tmp_path)).read_bytes() for copy in copies)


def test_every_file_of_the_top_level_folder_is_shipped() -> None:
    top = Path(__file__).parents[1] / "configs"
    assert sorted(path.relative_to(SHIPPED) for path in SHIPPED.glob("*/*")) == sorted(
        path.relative_to(top) for path in top.glob("*/*")
    )


class Terminal(io.StringIO):
    """A stderr at which somebody looks."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize("columns", [80, 120])
def test_no_word_of_an_error_is_broken_at_the_end_of_a_line(columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    with pytest.raises(SystemExit):
        main(["fti"])
    said = terminal.getvalue().removeprefix("\r\x1b[K")
    assert max(map(len, said.splitlines())) <= columns
    assert {"configs;", "dashboard,", "--help`"} <= set(said.split())


def test_a_log_line_goes_to_where_a_live_bar_has_put_stderr(monkeypatch: pytest.MonkeyPatch) -> None:
    logger, handler = logging.getLogger("lightning.pytorch"), logging.StreamHandler()
    monkeypatch.setattr(logger, "handlers", [handler])
    log_above_the_bar()
    with contextlib.redirect_stderr(io.StringIO()) as above:
        logger.warning("stopped")
    assert above.getvalue() == "stopped\n"
