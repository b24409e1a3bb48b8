"""What the W&B workspace shows: sections of panels over the keys that are logged."""

from typing import Any

from typing_extensions import override
from wandb_workspaces.reports.v2 import interface as wr
from wandb_workspaces.reports.v2.internal import FlowConfig
from wandb_workspaces.workspaces import interface as ws

from lightning_go4align.update.families import MANY_TASKS

STEP = "trainer/global_step"
_BARS = "Weights by task"
_LINES = "Lines of each task, for few tasks and runs"
_FEW = f"(up to {MANY_TASKS} tasks)"  # of more it is not logged, unless `logged` names it
_HEIGHT = 660  # pixels: 40 names of 10 pixels, title and axis
_WHOLE = wr.Layout(w=24, h=16)  # of a report's grid: its width, and about as high


def sections() -> list[ws.Section]:
    """Build the sections of the workspace, which fit any number of tasks and groups.

    Lines of each task, which say nothing of many tasks in many runs, stand in a section of their own, which is closed
    at first.

    Returns:
        Overview, groups, weights by task, weights, report, and lines of each task with risk ratios (Fig. 8).

    Example:
        >>> [section.name for section in sections() if section.is_open]
        ['Overview', 'Groups', 'Weights by task', 'Weights', 'Report']
    """
    panels: dict[str, list[wr.PanelTypes]] = {
        "Overview": _overview(),
        "Groups": _groups(),
        _BARS: [*map(_bars, ("mean weight", "recent share")), _table()],
        "Weights": _weights(),
        "Report": [wr.MediaBrowser(title="Group dynamics", media_keys=["report"], num_columns=1)],
        _LINES: [*_task_lines(), *_risk_ratios()],
    }
    settings = ws.SectionPanelSettings(x_axis=STEP, smoothing_type="none")
    # A bar for each task and a colour for each run: legible with 40 tasks, where lines are not; of more, the table.
    layouts = {_BARS: _Tall(columns=1, rows=1)}
    return [
        ws.Section(
            name,
            panels=found,
            is_open=name != _LINES,
            panel_settings=settings,
            layout_settings=layouts.get(name, ws.SectionLayoutSettings()),
        )
        for name, found in panels.items()
    ]


class _Tall(ws.SectionLayoutSettings):
    """Panels of which each is high enough for 40 names; in W&B's own height they cover each other."""

    @override
    def _to_model(self) -> FlowConfig:
        model: FlowConfig = super()._to_model()  # type: ignore[no-untyped-call]  # theirs says no types
        model.box_height = _HEIGHT
        return model


def _overview() -> list[wr.PanelTypes]:
    return [
        _line("delta_m by epoch (%)", y=["val/delta_m"], x="epoch"),
        wr.ScalarChart(title="best delta_m (%)", metric=wr.SummaryMetric("val/delta_m.min")),
        _line("convergence difference (epochs)", y=["val/convergence_difference"], x="epoch"),
        _line("stability of the groups", y=["groups/stability"], range_y=(0, 1)),
        _line("tasks that change group in a step", y=["groups/moves"]),
        _line("groups in use", y=["groups/occupied"]),
    ]


def _groups() -> list[wr.PanelTypes]:
    return [
        wr.MediaBrowser(title="which tasks travel together", media_keys=["pictures/assignment"], num_columns=1),
        wr.MediaBrowser(title="co-assignment", media_keys=["pictures/co_assignment"], num_columns=1),
        _area("sizes of the groups", "^group_size/[0-9]+$", "stacked-area"),
    ]


def _weights() -> list[wr.PanelTypes]:
    return [
        _line("weights of the groups", metric_regex="^group_weight/[0-9]+$", log_y=True),
        wr.MediaBrowser(title="weights over the run", media_keys=["pictures/weights"], num_columns=1),
    ]


def _task_lines() -> list[wr.PanelTypes]:
    return [
        _line("weight of each task", metric_regex="^weight/.+$", log_y=True),
        _line("loss of each task", metric_regex="^loss/.+$", log_y=True),
        _line("delta of each metric (%)", metric_regex="^val/delta/.+$", x="epoch"),
        _line(f"group of each task, 0 the lightest {_FEW}", metric_regex="^group/.+$"),
        _line(f"indicator of each task {_FEW}", metric_regex="^indicator/.+$", log_y=True),
    ]


def _risk_ratios() -> list[wr.PanelTypes]:
    return [
        _area("risk ratios before scaling", "^loss/.+$", "pct-area"),
        _area(f"risk ratios after scaling {_FEW}", "^scaled_loss/.+$", "pct-area"),
    ]


def _area(title: str, metric_regex: str, plot_type: str) -> wr.LinePlot:
    """Areas on each other, of one run: those of several would add up."""
    return _line(f"{title}: first run", metric_regex=metric_regex, plot_type=plot_type, max_runs_to_show=1)


def _line(title: str, x: str = STEP, **what: Any) -> wr.LinePlot:
    """A line plot without smoothing, which would invent groups that never were."""
    return wr.LinePlot(title=title, x=x, smoothing_type="none", **what)


def _bars(column: str) -> wr.CustomChart:
    """The table that `GroupDynamicsMonitor` logs at the end of a run, as bars: a chart of W&B's own."""
    chart: wr.CustomChart = wr.CustomChart.from_table(
        "tasks", chart_fields={"label": "task", "value": column}, chart_strings={"title": f"{column} of each task"}
    )
    chart.chart_name = "wandb/bar/v0"
    chart.layout = _WHOLE
    return chart


def _table() -> wr.WeavePanelSummaryTable:
    """The same table as it is, to sort and to search: legible with any number of tasks."""
    return wr.WeavePanelSummaryTable(table_name="tasks", layout=_WHOLE)
