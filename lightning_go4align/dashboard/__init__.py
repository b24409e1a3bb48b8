"""The W&B workspace in code: `go4align dashboard ENTITY/PROJECT`."""

import re
from importlib.util import find_spec

from lightning_go4align.plain_text import has_hidden

__all__ = ["dashboard"]

_ENTITY = re.compile(r"[A-Za-z0-9_-]{1,128}")
_PROJECT = re.compile(r"[^/\\#?%:]{1,128}")  # what wandb refuses itself, but only when a run begins


def dashboard(path: str, report: bool = False, dry_run: bool = False) -> str:
    """Build the workspace of group dynamics in a W&B project, or bring it up to date.

    The view's name follows from the project's, so that a second push finds the first one's view and replaces its
    sections; what users changed elsewhere in it stays.

    Args:
        path: ``ENTITY/PROJECT``.
        report: Whether to write a W&B report of the same panels, too.
        dry_run: Whether only to show the specification; needs neither an account nor a network.

    Returns:
        The workspace's address and, below it, the report's; with ``dry_run`` the specification as JSON.

    Raises:
        ValueError: If ``path`` is not of the form ``ENTITY/PROJECT``.
        ModuleNotFoundError: If wandb-workspaces is not installed.

    Example:
        >>> "group_weight" in dashboard("my-team/qm9", dry_run=True)
        True
    """
    entity, _, project = path.partition("/")
    visible = project == project.strip() and not has_hidden(project)
    if not (_ENTITY.fullmatch(entity) and _PROJECT.fullmatch(project) and visible):
        raise ValueError(
            f"`path` must be ENTITY/PROJECT, as in a project's address, but is {path[:200]!r}. An entity has "
            "letters, digits, `-` and `_`; a project has at most 128 characters, none of them one of /\\#?%:."
        )
    if find_spec("wandb_workspaces") is None:
        raise ModuleNotFoundError("The dashboard needs wandb-workspaces: pip install 'lightning-go4align[wandb]'.")
    from lightning_go4align.dashboard.push import push_report, push_workspace, specification

    if dry_run:
        return specification(entity, project)
    addresses = [push_workspace(entity, project)]
    if report:
        addresses.append(push_report(entity, project))
    return "\n".join(addresses)
