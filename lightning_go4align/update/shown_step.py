"""A step as it is printed, and as a notebook shows it: by the names of its tasks."""

import math
from io import StringIO
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table
from rich.text import Text

from lightning_go4align.history.summary import TaskRow, summary
from lightning_go4align.plain_text import in_one_line
from lightning_go4align.words import counted

if TYPE_CHECKING:
    from lightning_go4align.update.record import StepRecord

_PRINTED = 60  # tasks; of more the first and the last


def step_text(record: "StepRecord") -> str:
    """Write what a step found, with a line for each task; reads it from the device.

    Args:
        record: The step.

    Returns:
        Lines: the objective, then a table of losses, and of weights, indicators and groups if the method has them.

    Example:
        >>> import torch
        >>> from lightning_go4align.update.record import StepRecord
        >>> losses = torch.tensor([2.0, torch.nan])
        >>> print(step_text(StepRecord(("depth", "normal"), losses, losses.nansum(), losses.nan_to_num())))
        StepRecord(2 tasks, objective=2)
        task      loss
        depth        2
        normal  absent
    """
    columns = {name: values for name, values in _columns(record).items() if values}
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    for name in columns:
        table.add_column(name, justify="left" if name == "task" else "right", no_wrap=True)
    rows = [[Text(cell) for cell in cells] for cells in zip(*columns.values(), strict=True)]
    left_out = len(rows) - _PRINTED
    if left_out > 0:
        rows[_PRINTED // 2 : -_PRINTED // 2] = [[Text(f"... {left_out} tasks more")]]
    for row in rows:
        table.add_row(*row)
    # In a notebook, rich would show the table there and then, whoever asks for the text.
    console = Console(file=StringIO(), width=10_000, color_system=None, legacy_windows=False, force_jupyter=False)
    with console.capture() as printed:
        console.print(table)
    lines = [line.rstrip() for line in printed.get().splitlines()]
    idle = "" if record.is_idle is None else f", is_idle={bool(record.is_idle)}"
    count = counted(len(record.tasks), "task")
    return "\n".join([f"StepRecord({count}, objective={record.objective.item():.4g}{idle})", *lines])


def _columns(record: "StepRecord") -> dict[str, list[str]]:
    """Name the columns; one of which the method knows nothing is empty."""
    # An absent task has 0 where it is reported, one whose loss was not a number has NaN there, too.
    absent = (record.losses.isnan() & record.not_finite.logical_not()).tolist()
    pairs = zip(record.losses.tolist(), absent, strict=True)
    losses = ["absent" if is_absent else f"{loss:.4g}" for loss, is_absent in pairs]
    weights = [] if record.weights is None else record.weights.tolist()
    indicators = [] if record.indicators is None else record.indicators.tolist()
    groups = [] if record.grouping is None else record.grouping.assignment.tolist()
    return {
        "task": list(map(in_one_line, record.tasks)),
        "loss": losses,
        "weight": [f"{weight:.4g}" for weight in weights],
        "indicator": [f"{indicator:.4g}" for indicator in indicators],
        "group": ["none" if group < 0 else str(group) for group in groups],
    }


def step_rows(record: "StepRecord | None") -> list[TaskRow]:
    """Take the rows of a notebook's table, those pushed hardest first; none before the first step."""
    if record is None:
        return []
    missing = [math.nan] * len(record.tasks)
    weights = missing if record.weights is None else record.weights.tolist()
    groups = [-1] * len(record.tasks) if record.grouping is None else record.grouping.assignment.tolist()
    rows = map(TaskRow, record.tasks, weights, record.losses.tolist(), groups)
    return sorted(rows, key=lambda row: 0 if math.isnan(row.weight) else -row.weight)


def step_html(record: "StepRecord") -> str:
    """Write what a step found for a notebook."""
    return summary("One step", f"objective {record.objective.item():.4g}", step_rows(record))
