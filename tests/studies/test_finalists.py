"""Who goes into the finals of a search."""

from collections.abc import Callable
from typing import Any

import optuna
import pytest

from lightning_go4align.studies.finalists import Finalist, best_finalists
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


def best_of(study: Callable[..., Study], space: dict[str, list[Any]], places: list[list[int]]) -> list[Finalist]:
    """The best of a search of lists, of which trials took the entries at these places."""
    asked = study(search={"space": {name: {"choices": entries} for name, entries in space.items()}, "finalists": 9})
    distributions: Any = {
        name: optuna.distributions.CategoricalDistribution(list(range(len(entries))))
        for name, entries in space.items()
    }
    trials = [
        optuna.trial.create_trial(
            value=float(number), params=dict(zip(space, of_one, strict=True)), distributions=distributions
        )
        for number, of_one in enumerate(places)
    ]
    return best_finalists(asked, ["LS"], trials)


def test_settings_whose_names_end_alike_are_told_apart(study: Callable[..., Study]) -> None:
    space = {"model.init_args.learning_rate": [0.01, 0.1], "model.init_args.method.init_args.learning_rate": [0.03]}
    found = best_of(study, space, [[0, 0], [1, 0]])
    assert [one.name for one in found] == [
        f"LS, model.learning_rate {rate}, method.learning_rate 0.03" for rate in (0.01, 0.1)
    ]


@pytest.mark.parametrize(
    ("rates", "shown"),
    [
        pytest.param([0.12341, 0.12342], ["0.12341", "0.12342"], id="five digits"),
        pytest.param([0.12341, 0.5678901], ["0.123", "0.568"], id="three are enough"),
        pytest.param([0.1, 0.1 + 2**-56], ["0.10000000000000001", "0.10000000000000002"], id="neighbours"),
    ],
)
def test_numbers_have_the_digits_that_tell_finalists_apart(
    study: Callable[..., Study], rates: list[float], shown: list[str]
) -> None:
    found = best_of(study, {"model.init_args.rate": rates}, [[0], [1]])
    assert [one.name for one in found] == [f"LS, rate {digits}" for digits in shown]
    assert [one.method.overrides["model.init_args.rate"] for one in found] == rates
