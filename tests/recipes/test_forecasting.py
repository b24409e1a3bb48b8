"""pytorch-forecasting: a `MultiLoss` of which one part, a likelihood, falls below zero."""

import pytest
from recipe_claims import RecipeClaims

from lightning_go4align import GO4Align, RobustGO4Align


class TestForecasting(RecipeClaims):
    name = "forecasting_multiloss"
    warned = "makes most steps shorter than a tenth"  # its tutorials clip at 0.1

    def test_the_likelihood_falls_below_zero_and_keeps_its_weight(self, balanced):
        trainer = balanced.fit(RobustGO4Align())
        (balance,) = [one for one in trainer.callbacks if hasattr(one, "task_weights")]
        assert float(balance.last_step.losses[1]) < 0
        assert float(balance.task_weights["price"]) > 0

    def test_the_papers_method_without_a_lower_bound_says_so(self, balanced):
        with pytest.warns(UserWarning, match="loss of task 'price' was.*RobustGO4Align"):
            balanced.fit(GO4Align(num_groups=2))
