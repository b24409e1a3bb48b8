import pytest

from lightning_go4align.benchmarks.cityscapes.published import TABLE as CITYSCAPES
from lightning_go4align.benchmarks.nyuv2.published import TABLE as NYUV2
from lightning_go4align.benchmarks.published_table import PublishedTable
from lightning_go4align.metrics import DeltaM

TABLES = {"nyuv2": NYUV2, "cityscapes": CITYSCAPES}
ROUNDING = {"nyuv2": 0.019, "cityscapes": 0.113}  # what the rounding of a printed row and of its delta_m can cause
OUTSIDE_ROUNDING = {
    ("nyuv2", "IMTL-G"): -0.600,  # printed as -0.76
    ("cityscapes", "UW"): 5.880,  # printed as 5.50 here, as 5.89 elsewhere
}
PRINTED = {
    (name, method): (row.values, row.delta_m) for name, table in TABLES.items() for method, row in table.rows.items()
}
LATER = {  # rows of other papers on the same protocol, with the delta_m that they print; LS' row in Table 5 is SI's
    ("nyuv2", "NTKMTL"): ((39.68, 65.43, 0.5296, 0.2168, 24.24, 18.63, 30.74, 58.72, 70.78), -6.99),
    ("nyuv2", "FairGrad"): ((39.74, 66.01, 0.5377, 0.2236, 24.84, 19.60, 29.26, 56.58, 69.16), -4.66),
    ("cityscapes", "LS-measured-again"): ((75.18, 93.49, 0.0155, 46.77), 22.60),
    ("cityscapes", "NTKMTL"): ((73.71, 92.71, 0.0136, 27.21), 1.92),
}
ROWS = {
    "-".join(key): (key[0], values, OUTSIDE_ROUNDING.get(key, delta_m))
    for key, (values, delta_m) in {**PRINTED, **LATER}.items()
}


@pytest.mark.parametrize(("name", "values", "printed"), ROWS.values(), ids=ROWS)
def test_rows_of_tables_1_and_5_give_the_published_delta_m(
    name: str, values: tuple[float, ...], printed: float
) -> None:
    table = TABLES[name]
    score = DeltaM(table.single_task, table.higher_is_better)
    score.update(dict(zip(table.single_task, values, strict=True)))
    assert score.compute().item() == pytest.approx(printed, abs=ROUNDING[name])


@pytest.mark.parametrize(("name", "method"), PRINTED, ids=map("-".join, PRINTED))
def test_rows_of_tables_1_and_5_give_the_published_mean_rank(name: str, method: str) -> None:
    table: PublishedTable = TABLES[name]
    others = table._replace(rows={other: row for other, row in table.rows.items() if other != method})
    rank = others.rank_among_methods(dict(zip(table.single_task, table.rows[method].values, strict=True)))
    assert round(rank, 2) == table.rows[method].mean_rank
