"""What a module keeps by ``save_hyperparameters`` does not win over what the command line says of a fit."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from cli_modules import Widths

from lightning_go4align.cli import main
from lightning_go4align.methods import SI

# Lightning 2.6 calls what jsonargparse 4.53 has renamed.
pytestmark = [
    pytest.mark.usefixtures("in_empty_folder"),
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:The dirpath has changed"),
]

SHORT = ["--trainer.accelerator=cpu", "--trainer.enable_progress_bar=false", "--trainer.enable_model_summary=false"]
rates: list[float] = []


class Everything(Widths):
    """Keeps all of its arguments."""

    def __init__(self, rate: float = 0.01, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.rate = rate
        self.save_hyperparameters()

    def on_train_end(self) -> None:
        rates.append(self.rate)


class One(Everything):
    """Keeps one alone."""

    def save_hyperparameters(self, *_: Any, **__: Any) -> None:
        self._set_hparams({"rate": getattr(self, "rate", 0.01)})


def run(tmp_path: Path, command: str, kind: type, method: str, *more: str) -> None:
    model = {"class_path": f"{kind.__module__}.{kind.__name__}", "init_args": {"hidden": 5, "method": method}}
    (tmp_path / "c.yaml").write_text(
        yaml.safe_dump({"seed_everything": 0, "model": model, "trainer": {"logger": False}})
    )
    main([command, "-c", str(tmp_path / "c.yaml"), *SHORT, *more])


@pytest.fixture(params=[Everything, One])
def trained(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[type, str]:
    run(tmp_path, "fit", request.param, "GO4Align", "--trainer.max_epochs=1", "--model.rate=0.125")
    (path,) = tmp_path.rglob("*.ckpt")
    return request.param, str(path)


def test_a_resumed_fit_has_the_arguments_that_it_is_given(trained: tuple[type, str], tmp_path: Path) -> None:
    kind, path = trained
    longer = ["--trainer.max_epochs=2", f"--ckpt_path={path}"]
    run(tmp_path, "fit", kind, "GO4Align", *longer)
    run(tmp_path, "fit", kind, "GO4Align", *longer, "--model.rate=0.5")
    assert rates[-3:] == [0.125, 0.01, 0.5]


def test_a_resume_with_another_method_is_refused(
    trained: tuple[type, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, path = trained
    with pytest.raises(SystemExit):
        run(tmp_path, "fit", kind, f"{SI.__module__}.SI", "--trainer.max_epochs=2", f"--ckpt_path={path}")
    assert "trained with GO4Align" in " ".join(capsys.readouterr().err.split())


def test_a_checkpoint_is_evaluated_whatever_of_the_arguments_it_keeps(
    trained: tuple[type, str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, path = trained
    run(tmp_path, "test", kind, "GO4Align", f"--ckpt_path={path}")
    assert "test/zero" in capsys.readouterr().out
