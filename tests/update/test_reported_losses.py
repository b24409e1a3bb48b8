"""Losses that are not finite, or negative, are reported by task and step, and only they."""

import warnings
from typing import Any

import pytest
import torch
from hostile_losses import HOSTILE, METHODS, Bad
from lightning.pytorch.loggers import CSVLogger
from toy import fitted, loader, quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import FixedWeights
from lightning_go4align.update.given_method import Optimization


def test_a_loss_that_stays_bad_is_reported_once(tmp_path: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), Bad(HOSTILE["NaN"]), logger=CSVLogger(tmp_path), log_every_n_steps=1)
    assert sum("task 'b' was not finite" in str(warning.message) for warning in caught) == 1


def test_a_loss_that_turns_bad_again_is_reported_again(tmp_path: Any) -> None:
    module = Bad(lambda loss, batch: loss + (torch.inf if batch in (1, 3) else 0))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), module, logger=CSVLogger(tmp_path), log_every_n_steps=1, max_epochs=1)
    told = [str(warning.message) for warning in caught if "task 'b' was not finite" in str(warning.message)]
    assert [f"in step {step}" in message for step, message in zip((1, 3), told, strict=True)] == [True, True]


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_loss_that_is_not_finite_is_reported_by_name_and_step(optimization: Optimization, tmp_path: Any) -> None:
    callback = MultiTaskCallback(GO4Align(), optimization)
    logger = CSVLogger(tmp_path)
    trainer = quiet_trainer(callbacks=callback, logger=logger, log_every_n_steps=4, max_epochs=1)
    with pytest.warns(UserWarning, match="task 'b' was not finite in step 2"):
        trainer.fit(Bad(HOSTILE["infinite at times"]), loader())


def test_a_loss_that_is_not_finite_is_reported_without_a_logger_at_the_epochs_end() -> None:
    with pytest.warns(UserWarning, match="task 'b' was not finite in step 2"):
        fitted(GO4Align(), Bad(HOSTILE["infinite at times"]), max_epochs=1)


def test_a_negative_loss_is_explained(tmp_path: Any) -> None:
    with pytest.warns(UserWarning, match=r"task 'b' was negative in step \d+ \(.*\)\. .*WithLowerBounds\(GO4Align"):
        fitted(GO4Align(), Bad(HOSTILE["negative"]), logger=CSVLogger(tmp_path), log_every_n_steps=4, max_epochs=1)


def test_a_negative_loss_within_groups_is_explained() -> None:
    with pytest.warns(UserWarning, match=r"task 'b' was negative in step \d+ \(.*\)\. .*min_losses"):
        fitted(METHODS["AGRM of FAMO"](), Bad(HOSTILE["negative"]), max_epochs=1)


def test_an_absent_task_is_no_reason_to_warn(tmp_path: Any) -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(GO4Align(), Bad(HOSTILE["coming and going"]), logger=CSVLogger(tmp_path), log_every_n_steps=1)
    assert [str(warning.message) for warning in caught if "task 'b'" in str(warning.message)] == []


def test_a_negative_loss_is_no_reason_to_warn_where_its_weight_is_given() -> None:
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fitted(FixedWeights([1.0, 0.0, 1.0]), Bad(HOSTILE["negative"]), max_epochs=1)
    assert [str(warning.message) for warning in caught if "task 'b'" in str(warning.message)] == []
