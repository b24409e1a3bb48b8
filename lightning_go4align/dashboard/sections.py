"""What the W&B workspace shows: sections of panels over the keys that are logged."""

from typing import Any

from typing_extensions import override
from wandb_workspaces.reports.v2 import interface as wr
from wandb_workspaces.reports.v2.internal import FlowConfig
from wandb_workspaces.workspaces import interface as ws

STEP = "trainer/global_step"
_BARS = "Weights by task"
_HEIGHT = 660  # pixels: 40 names of 10 pixels, title and axis
_WHOLE = wr.Layout(w=24, h=16)  # of a report's grid: its width, and about as high


def sections() -> list[ws.Section]:
    """Build the sections of the workspace, which fit any number of tasks and groups.

    Returns:
        Overview, groups, weights by task, weights, risk ratios (Fig. 8), tasks, report.

    Example:
        >>> [section.name for section in sections()]
        ['Overview', 'Groups', 'Weights by task', 'Weights', 'Risk ratios', 'Tasks', 'Report']
    """
    panels: dict[str, list[wr.PanelTypes]] = {
        "Overview": _overview(),
        "Groups": _groups(),
        _BARS: [*map(_bars, ("mean weight", "recent share")), _table()],
        "Weights": _weights(),
        "Risk ratios": _risk_ratios(),
        "Tasks": _tasks(),
        "Report": [wr.MediaBrowser(title="Group dynamics", media_keys=["report"], num_columns=1)],
    }
    settings = ws.SectionPanelSettings(x_axis=STEP, smoothing_type="none")
    # A bar for each task and a colour for each run: legible with 40 tasks, where lines are not; of more, the table.
    layouts = {_BARS: _Tall(columns=1, rows=1)}
    return [
        ws.Section(
            name,
            panels=found,
            is_open=True,
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
        _line("group of each task (0 is the lightest)", metric_regex="^group/.+$"),
        _line("weights of the groups", metric_regex="^group_weight/[0-9]+$", log_y=True),
        _line("sizes of the groups", metric_regex="^group_size/[0-9]+$", plot_type="stacked-area"),
    ]


def _weights() -> list[wr.PanelTypes]:
    return [
        _line("weight of each task", metric_regex="^weight/.+$", log_y=True),
        _line("indicator of each task", metric_regex="^indicator/.+$", log_y=True),
        wr.MediaBrowser(title="weights over the run", media_keys=["pictures/weights"], num_columns=1),
    ]


def _risk_ratios() -> list[wr.PanelTypes]:
    return [
        _line("before scaling", metric_regex="^loss/.+$", plot_type="pct-area"),
        _line("after scaling", metric_regex="^scaled_loss/.+$", plot_type="pct-area"),
    ]


def _tasks() -> list[wr.PanelTypes]:
    return [
        _line("delta of each metric (%)", metric_regex="^val/delta/.+$", x="epoch"),
        _line("loss of each task", metric_regex="^loss/.+$", log_y=True),
    ]


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
