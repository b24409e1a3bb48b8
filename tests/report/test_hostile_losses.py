"""Losses that are not finite and weights of any size: pages and pictures draw them and say nothing on the way."""

import re
from dataclasses import replace
from io import StringIO
from typing import Any

import numpy as np
import pytest

from lightning_go4align import plots
from lightning_go4align.history import History
from lightning_go4align.plots.curves import losses
from lightning_go4align.plots.example import example_history
from lightning_go4align.plots.shares import risk_shares
from lightning_go4align.report.page import page
from lightning_go4align.report.shares import recent_shares
from lightning_go4align.report.tables import groups_table

INFINITE = np.where(np.arange(60) % 7 == 3, np.inf, 1.0)


def hostile(first_loss: Any, first_weight: Any) -> History:
    """The example run whose first task has other losses and weights."""
    values, weights = np.ones((60, 4)), np.ones((60, 4))
    values[:, 0], weights[:, 0] = first_loss, first_weight
    arrays: dict[str, Any] = {"losses": values, "weights": weights}
    return replace(example_history(), **arrays)


RUNS = {
    "weight 0 where the loss is infinite": lambda: hostile(INFINITE, np.isfinite(INFINITE)),
    "weight 0 and always infinite": lambda: hostile(np.inf, 0.0),
    "loss of minus infinity": lambda: hostile(-INFINITE, 1.0),
    "large weights": lambda: hostile(1.0, 1e139),
    "a product beyond every number": lambda: hostile(1e200, 1e139),
    "infinite weights": lambda: hostile(0.0, np.inf),
    "no weight": lambda: hostile(INFINITE, np.nan),
    "as it is recorded": lambda: _in_the_precision_of_a_log(hostile(INFINITE * 1e30, 1e30)),
    "no loss at all": lambda: replace(hostile(1.0, 0.0), losses=np.full((60, 4), np.inf, np.float32)),
}


def _in_the_precision_of_a_log(history: History) -> History:
    arrays: dict[str, Any] = {name: getattr(history, name).astype(np.float32) for name in ("losses", "weights")}
    return replace(history, **arrays)


@pytest.fixture(params=RUNS)
def history(request: pytest.FixtureRequest) -> History:
    return RUNS[request.param]()


def test_a_page_is_written_without_a_warning(history: History) -> None:
    assert page(history).endswith("</html>\n")


def test_shares_lie_between_0_and_1_and_add_up(history: History) -> None:
    shares = risk_shares(history.scaled)
    known = shares[np.isfinite(shares).all(1)]
    np.testing.assert_allclose(known.sum(1), 1)
    assert ((known >= 0) & (known <= 1)).all()
    even = recent_shares(history)
    assert (even[np.isfinite(even)] <= 4).all()


@pytest.mark.parametrize("draw", [plots.losses, plots.weights, plots.risks_before, plots.risks_after])
def test_pictures_are_drawn_without_a_warning_and_at_known_places(history: History, draw: Any) -> None:
    written = StringIO()
    draw(history).savefig(written, format="svg")
    assert not re.search(r'[" ](nan|inf)\b', written.getvalue())


def test_a_task_whose_loss_was_not_finite_is_left_out_of_that_step_alone() -> None:
    history = RUNS["weight 0 where the loss is infinite"]()
    assert np.isnan(history.scaled[3]).tolist() == [True, False, False, False]
    assert np.isfinite(history.scaled[4]).all()
    np.testing.assert_allclose(risk_shares(history.scaled)[3], [0, 1 / 3, 1 / 3, 1 / 3])
    np.testing.assert_allclose(recent_shares(history), 1)


def test_a_weight_of_0_has_no_share_and_a_huge_one_has_all() -> None:
    assert recent_shares(hostile(1.0, 0.0)).tolist() == pytest.approx([0, 4 / 3, 4 / 3, 4 / 3])
    np.testing.assert_allclose(recent_shares(hostile(1.0, 1e139)), [4, 0, 0, 0], atol=1e-9)


def test_the_weighted_sum_is_that_of_the_losses_that_are_known() -> None:
    curve = np.asarray(losses(RUNS["weight 0 where the loss is infinite"]()).axes[0].lines[-1].get_ydata())
    np.testing.assert_allclose(curve, np.where(np.isinf(INFINITE), 3, 4))
    assert np.isnan(np.asarray(losses(RUNS["no loss at all"]()).axes[0].lines[-1].get_ydata())).all()


def test_the_table_of_groups_shares_out_what_is_known() -> None:
    assert "100%" in groups_table(replace(hostile(INFINITE, 0.0), groups=np.zeros((60, 4), np.int16)))
