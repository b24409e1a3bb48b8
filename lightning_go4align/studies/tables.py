"""A study's tables: ``results.csv`` for programs, ``table.md`` for people."""

import csv
import math
import statistics
from collections.abc import Iterable
from pathlib import Path

from lightning_go4align.plain_text import in_markdown
from lightning_go4align.studies.cells import cell, cells, markdown
from lightning_go4align.studies.comparison import paired_comparisons, without_ratio
from lightning_go4align.studies.names import for_a_spreadsheet
from lightning_go4align.studies.ranks import mean_ranks
from lightning_go4align.studies.results import Results
from lightning_go4align.words import counted

_BASELINE = "STL (baseline)"  # and not "STL", which a method may be called


def write_tables(results: Results, folder: Path) -> None:
    """Write ``results.csv``, a row for each finished run, and ``table.md``, the layout of the paper's tables.

    Args:
        results: The study's results.
        folder: Where to write; both files are written anew.
    """
    with (folder / "results.csv").open("w", newline="") as file:
        csv.writer(file).writerows(map(for_a_spreadsheet, row) for row in csv_rows(results))
    parts = [comparison_table(results), paired_table(results) if results.reference else ""]
    (folder / "table.md").write_text("\n".join(filter(None, parts)))


def csv_rows(results: Results) -> list[list[object]]:
    """Lay out all finished runs, a header first.

    Args:
        results: The study's results.

    Example:
        >>> from lightning_go4align.studies.results import Row
        >>> csv_rows(Results(["LS"], ["mu"], [Row("LS", 0, {"mu": 0.6})]))[1][:4]
        ['LS', 0, None, 0.6]
    """
    score = ["delta_m"] if results.baseline else []
    costs = ["seconds_per_epoch", "cpu_seconds_per_epoch", "memory_mib"]
    rows: list[list[object]] = [["method", "seed", "learning_rate", *results.columns, *score, *costs, "run"]]
    for row in results.rows:
        values = [row.values.get(name) for name in results.columns]
        scores = [results.delta_m(row)] if results.baseline else []
        costs_of_row = [row.seconds, row.cpu_seconds, row.memory]
        rows.append([row.method, row.seed, row.learning_rate, *values, *scores, *costs_of_row, row.folder.name])
    return rows


def comparison_table(results: Results) -> str:
    """Lay out the methods as the paper's tables do: mean ± standard deviation over seeds, the best in bold.

    The mean rank and delta_m are those among the methods of this table, against its baseline. Nothing is bold where
    methods have different seeds, whose means do not compare.

    Args:
        results: The study's results.

    Returns:
        Markdown, with a note of what was compared.

    Example:
        >>> from lightning_go4align.studies.results import Baseline, Row
        >>> rows = [Row("LS", 0, {"mu": 0.6}), Row("SI", 0, {"mu": 0.5})]
        >>> results = Results(["LS", "SI"], ["mu"], rows, baseline=Baseline("measured", {"mu": 0.4}), planned=2)
        >>> print(comparison_table(results).splitlines()[4])
        | SI | 0 | **0.500** | **1.00** | **+25.0** | - | - |
    """
    columns = comparison_columns(results)
    methods, *others = columns.values()
    rows = list(zip(map(in_markdown, methods), *others, strict=True))
    if results.baseline is not None:
        single = [cell([results.baseline.values[name]]) for name in results.columns]
        before = [""] * (len(columns) - len(results.columns) - 5)
        rows.insert(0, (_BASELINE, *before, *single, "", "", "", ""))
    return markdown(list(map(in_markdown, columns)), rows) + _note(results)


def comparison_columns(results: Results) -> dict[str, list[str]]:
    """Lay out the methods as columns: who, with which seeds, each metric, the scores, the cost.

    Args:
        results: The study's results.

    Returns:
        Cells by the columns' names, one for each finished method, the best between ``**`` if all have the same seeds.

    Example:
        >>> from lightning_go4align.studies.results import Row
        >>> comparison_columns(Results(["LS"], ["mu"], [Row("LS", 0, {"mu": 0.6})]))["mu ↓"]
        ['**0.600**']
    """
    methods, same = results.finished, _have_the_same_seeds(results)
    columns = {"method": methods, "seeds": [_list(row.seed for row in results.of(name)) for name in methods]}
    rates = {name: {row.learning_rate for row in results.of(name)} - {None} for name in methods}
    if any(rates.values()):
        columns["learning rate"] = [_list(f"{rate:g}" for rate in rates[name]) for name in methods]
    for column in results.columns:
        arrow, sign = ("↑", -1) if column in results.higher_is_better else ("↓", 1)
        values = [[row.values[column] for row in results.of(name) if column in row.values] for name in methods]
        columns[f"{column} {arrow}"] = cells(values, sign, compared=[same] * len(methods))
    if results.baseline is not None:
        whole = [same and results.columns_of(name) == results.columns for name in methods]
        columns["MR ↓"] = cells([[rank] for rank in mean_ranks(results)], 1, "{:.2f}", whole)
        columns["∆m% ↓"] = cells(list(results.scores().values()), 1, "{:+.1f}", whole)
    columns["s/epoch"] = [cell([row.seconds for row in results.of(name)]) for name in methods]
    columns["CPU s/epoch"] = [cell([row.cpu_seconds for row in results.of(name)]) for name in methods]
    return columns


def paired_table(results: Results) -> str:
    """Lay out each method against the reference, paired by seed.

    Args:
        results: The study's results.

    Returns:
        Markdown; empty if no seed is shared.
    """
    header = ["method", "seeds", "ratio of errors", "each seed"]
    header += ["difference of ∆m%", "each seed"] if results.baseline else []
    rows = []
    for pair in paired_comparisons(results):
        wins = f"{statistics.mean(pair.wins):.3g} of {len(pair.columns)}"
        ratio = math.exp(statistics.mean(map(math.log, pair.ratios)))
        row = [in_markdown(pair.method), _list(pair.seeds), *_mean_and_each(ratio, pair.ratios, "{:.3f}")]
        if results.baseline:
            row += _mean_and_each(statistics.mean(pair.differences), pair.differences, "{:+.1f}")
        rows.append([*row, wins])
    reference = in_markdown(str(results.reference))
    notes = [
        f"Against {reference}, paired by seed. The ratio is the geometric mean over the metrics that both have: "
        "below 1 the method is better, and no baseline enters.",
        in_markdown(without_ratio(results)),
    ]
    return f"{' '.join(filter(None, notes))}\n\n{markdown([*header, 'better in'], rows)}" if rows else ""


def _mean_and_each(mean: float, values: Iterable[float], template: str) -> list[str]:
    return [cell([mean], template), _list(cell([value], template) for value in values)]


def _have_the_same_seeds(results: Results) -> bool:
    return len({tuple(sorted(row.seed for row in results.of(name))) for name in results.finished}) <= 1


def _list(values: Iterable[object]) -> str:
    return ", ".join(map(str, values))


def _note(results: Results) -> str:
    methods, notes = results.finished, ["± is the standard deviation over seeds (of the sample)."]
    if not all(math.isfinite(value) for row in results.rows for value in row.values.values()):
        notes.append("A - stands where a seed gave no finite number.")
    if len(results.rows) < results.planned:
        notes.insert(0, f"{len(results.rows)} of {counted(results.planned, 'run')} finished.")
    if results.baseline is not None:
        notes.append(f"{_BASELINE}: {results.baseline.about.rstrip('.')}.")
        notes.append(f"MR: ranks among the {counted(len(methods), 'method')} of this table.")
    if any(results.columns_of(name) != results.columns for name in methods):
        notes.append("A method without one of the metrics has no ∆m, and is ranked in those that it has.")
    if not _have_the_same_seeds(results):
        notes.append(f"Means over different seeds do not compare, and none is bold{_what_compares(results)}.")
    return f"\n{' '.join(notes)}\n"


def _what_compares(results: Results) -> str:
    if results.reference is None:
        return ". With a `reference` in the study, methods are compared seed by seed"
    return ": see the differences paired by seed" if paired_comparisons(results) else ""
