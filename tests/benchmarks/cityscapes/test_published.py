import pytest

from lightning_go4align.benchmarks.cityscapes.published import HIGHER_IS_BETTER, SINGLE_TASK, TABLE
from lightning_go4align.metrics import DeltaM

ROUNDING = 0.113  # what the rounding of a printed row and of its delta_m can cause
OUTSIDE_ROUNDING = {"UW": 5.880}  # printed as 5.50 here, as 5.89 elsewhere
LATER = {  # rows of other papers on the same protocol; LS' row in Table 5 is a copy of SI's
    "LS-measured-again": ((75.18, 93.49, 0.0155, 46.77), 22.60),
    "NTKMTL": ((73.71, 92.71, 0.0136, 27.21), 1.92),
}
ROWS = {
    **{name: (row.values, OUTSIDE_ROUNDING.get(name, row.delta_m)) for name, row in TABLE.rows.items()},
    **LATER,
}


@pytest.mark.parametrize(("values", "printed"), ROWS.values(), ids=ROWS)
def test_table_5_rows_give_the_published_delta_m(values: tuple[float, ...], printed: float) -> None:
    score = DeltaM(SINGLE_TASK, HIGHER_IS_BETTER)
    score.update(dict(zip(SINGLE_TASK, values, strict=True)))
    assert score.compute().item() == pytest.approx(printed, abs=ROUNDING)


@pytest.mark.parametrize("name", TABLE.rows)
def test_table_5_rows_give_the_published_mean_rank(name: str) -> None:
    others = TABLE._replace(rows={other: row for other, row in TABLE.rows.items() if other != name})
    rank = others.rank_among_methods(dict(zip(SINGLE_TASK, TABLE.rows[name].values, strict=True)))
    assert rank == TABLE.rows[name].mean_rank
