import pytest

from lightning_go4align.benchmarks.nyuv2.published import HIGHER_IS_BETTER, SINGLE_TASK, TABLE
from lightning_go4align.metrics import DeltaM

ROUNDING = 0.019  # what the rounding of a printed row and of its delta_m can cause
OUTSIDE_ROUNDING = {"IMTL-G": -0.600}  # printed as -0.76
LATER = {  # rows of other papers on the same protocol, with the delta_m that they print
    "NTKMTL": ((39.68, 65.43, 0.5296, 0.2168, 24.24, 18.63, 30.74, 58.72, 70.78), -6.99),
    "FairGrad": ((39.74, 66.01, 0.5377, 0.2236, 24.84, 19.60, 29.26, 56.58, 69.16), -4.66),
}
ROWS = {
    **{name: (row.values, OUTSIDE_ROUNDING.get(name, row.delta_m)) for name, row in TABLE.rows.items()},
    **LATER,
}


@pytest.mark.parametrize(("values", "printed"), ROWS.values(), ids=ROWS)
def test_table_1_rows_give_the_published_delta_m(values: tuple[float, ...], printed: float) -> None:
    score = DeltaM(SINGLE_TASK, HIGHER_IS_BETTER)
    score.update(dict(zip(SINGLE_TASK, values, strict=True)))
    assert score.compute().item() == pytest.approx(printed, abs=ROUNDING)


@pytest.mark.parametrize("name", TABLE.rows)
def test_table_1_rows_give_the_published_mean_rank(name: str) -> None:
    others = TABLE._replace(rows={other: row for other, row in TABLE.rows.items() if other != name})
    rank = others.rank_among_methods(dict(zip(SINGLE_TASK, TABLE.rows[name].values, strict=True)))
    assert round(rank, 2) == TABLE.rows[name].mean_rank
