"""What the user tells loggers of hyperparameters is what loggers keep, with the callback as without it."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from lightning.pytorch.loggers import CSVLogger, Logger, TensorBoardLogger
from torchjd.scalarization import Sum
from toy import Reference, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback

accumulators = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
metadata = pytest.importorskip("tensorboard.plugins.hparams.metadata")


class Replacing(Logger):
    """Keeps what it was told last, with the names of loggers that add to it."""

    name, version = "replacing", 0

    def __init__(self) -> None:
        super().__init__()
        self.last: dict[str, Any] = {}

    @override
    def log_metrics(self, *_: Any, **__: Any) -> None: ...

    @override
    def log_hyperparams(self, params: Any) -> None:
        self.last = dict(params)


class Saving:
    """Of a module that keeps an argument."""

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self.save_hyperparameters({"rate": 0.1})  # type: ignore[attr-defined]  # of a LightningModule


class Changing(Saving):
    """And that sets another at the start."""

    def on_train_start(self) -> None:
        self.logger.log_hyperparams({"rate": 0.5, "late": 1})  # type: ignore[attr-defined]


class WithMetric:
    """Of one that keeps none, and has a page of its own."""

    def on_train_start(self) -> None:
        self.logger.log_hyperparams({"late": 1}, {"hp/best": 0.0})  # type: ignore[attr-defined]


class Logging:
    """Of one that keeps none, and logs the usual metric."""

    def on_train_epoch_end(self) -> None:
        self.log("hp_metric", 2.0)  # type: ignore[attr-defined]


def fitted(kind: type, logger: Logger, is_ours: bool = True) -> Any:
    mixed = type("Mixed", (kind, Toy if is_ours else Reference), {})
    callbacks = [MultiTaskCallback(Sum())] if is_ours else []
    trainer = quiet_trainer(callbacks=callbacks, logger=logger, max_epochs=1, log_every_n_steps=2)
    trainer.fit(mixed() if is_ours else mixed(Sum()), loader())
    return logger


def test_what_the_user_sets_at_the_start_is_not_reverted(tmp_path: Path) -> None:
    for logger in (CSVLogger(tmp_path), TensorBoardLogger(tmp_path / "tensorboard")):
        fitted(Changing, logger)
        kept = logger.experiment.hparams if isinstance(logger, CSVLogger) else logger.hparams
        assert dict(kept) == {"rate": 0.5, "late": 1}
    assert yaml.safe_load((tmp_path / "lightning_logs/version_0/hparams.yaml").read_text())["rate"] == 0.5
    assert fitted(Changing, Replacing()).last == {"rate": 0.5, "late": 1}


def page(logger: TensorBoardLogger) -> tuple[list[float], list[str], set[str]]:
    """The values of ``hp_metric``, the page's columns of metrics, and the user's hyperparameters on it."""
    read = accumulators.EventAccumulator(logger.log_dir)
    read.Reload()
    values = [event.value for event in read.Scalars("hp_metric")] if "hp_metric" in read.Tags()["scalars"] else []
    told = {tag: kept.plugin_data.content for tag, kept in read.summary_metadata.items() if "_hparams_" in tag}
    columns, rows = list[str](), set[str]()
    if told:
        experiment = metadata.parse_experiment_plugin_data(told["_hparams_/experiment"])
        columns = [info.name.tag for info in experiment.metric_infos]
        rows = set(metadata.parse_session_start_info_plugin_data(told["_hparams_/session_start_info"]).hparams)
    return values, columns, {name for name in rows if not name.startswith("multi_task/")}


@pytest.mark.parametrize("kind", [Saving, Changing, WithMetric, Logging])
@pytest.mark.parametrize("has_default", [True, False])
def test_the_page_of_tensorboard_shows_the_users_values_as_without_the_callback(
    kind: type, has_default: bool, tmp_path: Path
) -> None:
    plain, ours = (
        page(fitted(kind, TensorBoardLogger(tmp_path, default_hp_metric=has_default), is_ours))
        for is_ours in (False, True)
    )
    assert ours[0] == plain[0]
    assert ours[2] == plain[2]
    assert ours[1] == (plain[1] or (["hp_metric"] if has_default else []))  # A column, of no value, for our settings.
