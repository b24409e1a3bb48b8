"""Studies say how the second best method stands to the best."""

import math

import numpy as np
import pytest
from scipy import stats

from lightning_go4align.studies import Results, Row
from lightning_go4align.studies.statistics import differences
from lightning_go4align.studies.statistics_outputs import two_best


def compared(errors: dict[str, list[float]]) -> Results:
    rows = [Row(name, seed, {"mu": value}) for name, values in errors.items() for seed, value in enumerate(values)]
    return Results(list(errors), ["mu"], rows, reference="LS")


def test_the_two_best_are_compared_where_both_are_ahead_of_the_reference() -> None:
    scores = {"LS": [4.0, 4.1, 4.2], "UW": [3.0, 3.1, 3.3], "SI": [2.0, 2.2, 2.1], "DWA": [3.9, 4.1, 4.0]}
    found = compared(scores)
    (told,) = two_best(differences(found), found)
    assert told.startswith("The two best: UW: errors +")
    assert "against SI, better in 0 of 3 seeds" in told
    logs = {name: np.log(values) for name, values in scores.items()}
    first, second, third = sorted(stats.ttest_rel(logs[name], logs["SI"]).pvalue for name in ("LS", "UW", "DWA"))
    assert third == stats.ttest_rel(logs["UW"], logs["SI"]).pvalue
    assert told.endswith(f"p = {max(3 * first, 2 * second, third):.2g}.")  # Holm, 1979


@pytest.mark.parametrize("second", [[4.5, 4.6, 4.4], [math.inf, 1.0, 1.0], [math.nan, 1.0, 1.0]])
def test_with_one_method_ahead_nothing_is_said_twice(second: list[float]) -> None:
    found = compared({"LS": [4.0, 4.1, 4.2], "UW": [3.0, 3.1, 3.3], "SI": second})
    assert two_best(differences(found), found) == []
