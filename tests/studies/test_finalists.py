"""Who goes into the finals of a search."""

from collections.abc import Callable
from typing import Any

import optuna
import pytest

from lightning_go4align.studies.finalists import best_finalists
from lightning_go4align.studies.search_space import METHOD
from lightning_go4align.studies.study import Study

METHODS: dict[str, dict[str, Any]] = {"LS": {}, "UW": {}, "SI": {}}


def trial(method: str, rate: float, value: float) -> optuna.trial.FrozenTrial:
    distributions = {
        METHOD: optuna.distributions.CategoricalDistribution(list(METHODS)),
        "rate": optuna.distributions.FloatDistribution(0.0, 1.0),
    }
    return optuna.trial.create_trial(value=value, params={METHOD: method, "rate": rate}, distributions=distributions)


@pytest.mark.parametrize(
    ("wanted", "rates"), [(1, [0.1]), (2, [0.1, 0.4]), (3, [0.1, 0.4, 0.2]), (9, [0.1, 0.4, 0.2, 0.3])]
)
def test_the_best_of_each_method_comes_first_then_the_next_best(
    study: Callable[..., Study], wanted: int, rates: list[float]
) -> None:
    search = {"space": {"rate": {"low": 0.0, "high": 1.0}}, "finalists": wanted}
    asked = study(methods=METHODS, search=search, reference="LS", benchmark=[])
    trials = [
        trial("UW", 0.4, value=4.0),
        trial("LS", 0.3, value=3.0),
        trial("LS", 0.1, value=1.0),
        trial("SI", 0.5, value=float("inf")),  # diverged: nobody of it goes
        trial("LS", 0.2, value=2.0),
        trial("LS", 0.1, value=1.5),  # the same settings again are no second finalist
    ]
    found = best_finalists(asked, list(METHODS), trials)
    assert [one.method.overrides["rate"] for one in found] == rates
