"""The workspace and the report, and the way to W&B's server."""

import hashlib

import wandb
from wandb_workspaces.expr import Ordering, Summary
from wandb_workspaces.reports.v2 import interface as wr
from wandb_workspaces.workspaces import interface as ws

from lightning_go4align.dashboard.sections import STEP, sections

TITLE = "Group dynamics"
_BEST = "val/delta_m.min"


def specification(entity: str, project: str) -> str:
    """Write the workspace as W&B would store it; needs no network.

    Args:
        entity: User or team.
        project: Name of the project.

    Returns:
        JSON.

    Example:
        >>> specification("my-team", "qm9")[0]
        '{'
    """
    return _workspace(entity, project)._to_model().spec.model_dump_json(by_alias=True, exclude_none=True, indent=2)


def push_workspace(entity: str, project: str) -> str:
    """Push the workspace, over the one that an earlier push left.

    Args:
        entity: User or team.
        project: Name of the project, which must exist.

    Returns:
        Its address.
    """
    name = _view_name(entity, project)
    try:
        workspace = ws.Workspace.from_url(f"/{entity}/{project}?nw={name}")
        workspace.sections = sections()
    except ValueError:  # so wandb-workspaces says that there is none
        workspace = _workspace(entity, project)
        workspace._internal_name = f"nw-{name}-v"  # else each push would make another view, of a random name
    workspace.save()
    return f"{_project_address(entity, project)}?nw={name}"


def push_report(entity: str, project: str) -> str:
    """Push a report of the same panels, over the one that an earlier push left.

    Args:
        entity: User or team.
        project: Name of the project, which must exist.

    Returns:
        Its address.
    """
    runs = wr.Runset(entity=entity, project=project, order=[wr.OrderBy(name=wr.SummaryMetric(_BEST), ascending=True)])
    blocks: list[wr.BlockTypes] = []
    for section in sections():
        blocks += [wr.H2(section.name), wr.PanelGrid(runsets=[runs], panels=list(section.panels))]
    report = wr.Report(entity=entity, project=project, title=TITLE, blocks=blocks, width="fluid")
    for earlier in wandb.Api().reports(f"{entity}/{project}"):
        if earlier.display_name == TITLE:
            report.id = earlier.id
    return str(report.save().url)


def _workspace(entity: str, project: str) -> ws.Workspace:
    best = Ordering(Summary(_BEST), ascending=True)
    return ws.Workspace(
        entity=entity,
        project=project,
        name=TITLE,
        sections=sections(),
        settings=ws.WorkspaceSettings(x_axis=STEP, smoothing_type="none"),
        runset_settings=ws.RunsetSettings(order=[best], pinned_columns=[f"summary:{_BEST}"]),
    )


def _view_name(entity: str, project: str) -> str:
    """Name the view in the form in which W&B names them: 11 letters and digits."""
    return hashlib.sha256(f"go4align {entity}/{project}".encode()).hexdigest()[:11]


def _project_address(entity: str, project: str) -> str:
    """Find the project's page in the app; `Workspace.url` drops a part of its path."""
    return wandb.Api().project(project, entity).url.removesuffix("/workspace")
