"""Loggers know how a run's tasks were balanced, and get the numbers that were asked for."""

from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from lightning.pytorch.loggers import CSVLogger, TensorBoardLogger
from torchjd.scalarization import Sum
from toy import TASKS, BalancedToy, Toy, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.cli.logged_config import without_secret_values
from lightning_go4align.report.configuration import configuration
from lightning_go4align.update.families import FAMILIES, FEW_FAMILIES, Shown, shown


class Own(Toy):
    def __init__(self) -> None:
        super().__init__()
        self.save_hyperparameters({"width": 8, "multi_task": "mine"} if self.clashes else {"width": 8})

    clashes = False


class Clashing(Own):
    clashes = True


def told(logger: Any, module: Toy, method: Any, **options: Any) -> dict[str, Any]:
    quiet = {"max_epochs": 1, "log_every_n_steps": 1, **options}
    quiet_trainer(callbacks=[MultiTaskCallback(method)], logger=logger, **quiet).fit(module, loader())
    return {
        name: yaml.safe_load(Path(logger.log_dir, f"{name}.yaml").read_text()) for name in ("hparams", "multi_task")
    }


@pytest.mark.filterwarnings("ignore:The number of training batches")
@pytest.mark.parametrize("interval", [1, 50])
@pytest.mark.parametrize("kind", [CSVLogger, TensorBoardLogger])
def test_the_method_and_the_tasks_stand_beside_the_users_own_hyperparameters(
    kind: Any, interval: int, tmp_path: Path
) -> None:
    logger = kind(tmp_path)
    found = told(logger, Own(), GO4Align(num_groups=2, beta=0.25), log_every_n_steps=interval)
    assert found["hparams"] == {
        "width": 8
    }  # alone: they are the arguments of `load_from_checkpoint(hparams_file=...)`
    ours = found["multi_task"]["multi_task"]
    assert (ours["method"]["beta"], ours["tasks"]) == (0.25, list(TASKS))
    assert ours["versions"]["torch"] == torch.__version__
    shown_in_report = configuration(Path(logger.log_dir))
    assert (shown_in_report["width"], shown_in_report["multi_task.method.beta"]) == ("8", "0.25")


def test_what_the_user_calls_multi_task_stays(tmp_path: Path) -> None:
    found = told(CSVLogger(tmp_path), Clashing(), Sum())
    assert found["hparams"] == {"width": 8, "multi_task": "mine"}
    assert "method" in found["multi_task"]["multi_task"]


@pytest.mark.parametrize("first", ["hparams.yaml", "config.yaml"])
def test_a_report_reads_logs_of_before(first: str, tmp_path: Path) -> None:
    (tmp_path / first).write_text("{width: 8, multi_task: {optimization: manual}}")
    assert configuration(tmp_path) == {"width": "8", "multi_task.optimization": "manual"}


def logged_names(folder: Path, model: Toy, callbacks: list[Any]) -> set[str]:
    logger = CSVLogger(folder)
    quiet_trainer(callbacks=callbacks, logger=logger, max_epochs=1, log_every_n_steps=1).fit(model, loader())
    return set(Path(logger.log_dir, "metrics.csv").read_text().splitlines()[0].split(","))


def test_families_of_names_are_chosen_by_callback_and_module(tmp_path: Path) -> None:
    expected = {"epoch", "step", *(f"loss/{task}" for task in TASKS)}
    callback = MultiTaskCallback(GO4Align(2), logged=["loss"])
    assert logged_names(tmp_path / "callback", Toy(), [callback]) == expected
    module = BalancedToy(GO4Align(2))
    module.multi_task_callback.shown = Shown(logged=("loss",))
    assert logged_names(tmp_path / "module", module, []) == expected


def test_of_many_tasks_loggers_get_what_a_chart_can_show() -> None:
    assert Shown().families(num_tasks=20) == FAMILIES
    assert Shown().families(num_tasks=21) == FEW_FAMILIES
    assert set(FEW_FAMILIES) < set(FAMILIES)


@pytest.mark.parametrize("wrong", [["losses"], "loss"])
def test_a_family_that_does_not_exist_is_refused(wrong: Any) -> None:
    with pytest.raises(ValueError, match="`logged` must be a list of names"):
        shown((), wrong)


def test_secrets_of_a_configuration_are_hidden_at_any_depth() -> None:
    config = {"trainer": {"logger": [{"init_args": {"api_key": "123", "name": "qm9"}}]}, "max_tokens": 1}
    hidden = {"trainer": {"logger": [{"init_args": {"api_key": "(hidden)", "name": "qm9"}}]}, "max_tokens": 1}
    assert without_secret_values(config) == hidden


def test_a_notebook_shows_the_callback_with_its_tasks() -> None:
    callback = MultiTaskCallback(GO4Align(2))
    assert "not trained" in callback._repr_html_()
    quiet_trainer(callbacks=[callback], max_epochs=1).fit(Toy(), loader())
    shown_html = callback._repr_html_()
    assert "after 5 steps" in shown_html
    assert shown_html.count("<tr>") == 1 + len(TASKS)
    for weight in callback.task_weights.values():
        assert f">{float(weight):.3g}<" in shown_html
