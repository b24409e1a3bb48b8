"""What a study found, as ``go4align study`` prints it."""

from collections.abc import Mapping

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table
from rich.text import Text

from lightning_go4align.studies.results import Results
from lightning_go4align.studies.tables import comparison_columns

_FIRST = ("method", "∆m% ↓", "MR ↓")
_LAST = ("learning rate", "seeds", "s/epoch", "CPU s/epoch")


def print_results(results: Results, console: Console) -> None:
    """Print as many columns of the comparison of methods as fit beside each other, the scores before all others.

    Args:
        results: The study's results.
        console: Where to print.
    """
    columns = comparison_columns(results)
    metrics = [name for name in columns if name not in (*_FIRST, *_LAST)]
    ranked = [name for name in (*_FIRST, *metrics, *_LAST) if name in columns]
    shown = ranked[:2]
    while len(shown) < len(ranked) and _width(columns, [*shown, ranked[len(shown)]], console) <= console.width:
        shown.append(ranked[len(shown)])
    console.print(_results_table(columns, [name for name in columns if name in shown]))


def _width(columns: Mapping[str, list[str]], shown: list[str], console: Console) -> int:
    """How wide a table is when no cell is wrapped."""
    unbounded = console.options.update_width(10_000)
    return Measurement.get(console, unbounded, _results_table(columns, shown)).maximum


def _results_table(columns: Mapping[str, list[str]], shown: list[str]) -> Table:
    left_out = len(columns) - len(shown)
    note = "↓ is better when lower, ↑ when higher" + (f"; {left_out} more columns: table.md" if left_out else "")
    table = Table(caption=note, caption_justify="left")
    for name in shown:
        table.add_column(Text(name), justify="left" if name == "method" else "right")
    found = [[_cell(cell, name) for cell in columns[name]] for name in shown]
    for row in zip(*found, strict=True):
        table.add_row(*row)
    return table


def _cell(cell: str, column: str) -> Text:
    """The best number in bold; a name is no markup."""
    best = column != "method" and cell.startswith("**")
    return Text(cell.strip("*"), "bold") if best else Text(cell)
