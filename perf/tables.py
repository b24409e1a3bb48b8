"""Tables of measurements."""

from rich.table import Table


def table(title: str, *columns: str) -> Table:
    """Make a table of numbers, whose first column is as wide as it needs.

    Args:
        title: What was measured, and the unit.
        columns: Names of the columns.

    Example:
        >>> [column.justify for column in table("A step, ms", "method", "ms").columns]
        ['left', 'right']
    """
    made = Table(title=title, title_justify="left")
    for index, column in enumerate(columns):
        made.add_column(column, justify="right" if index else "left", no_wrap=not index)
    return made
