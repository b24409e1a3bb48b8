"""The pictures of `in_pictures.md`, drawn with the package's own functions when the site is built."""

import matplotlib.pyplot as plt
import torch

from lightning_go4align import GO4Align

TASKS = ("depth", "normals", "edges", "price", "area")
LOSSES = torch.tensor([0.9, 1.1, 1.3, 7.0, 9.0])
COLOURS = ("#3f7fbf", "#d9822b")


def losses() -> None:
    """The losses of five tasks in one step."""
    _, axes = plt.subplots(figsize=(6.4, 2.3), layout="constrained")
    axes.barh(TASKS[::-1], LOSSES.flip(0), color="#8a8f98")
    axes.set_xlabel("loss")
    _bare(axes)


def groups() -> None:
    """The indicators of these losses on a line, and the centre of each group."""
    method = GO4Align(num_groups=2)
    method(LOSSES)
    assert method.indicators is not None
    assert method.grouping is not None
    _, axes = plt.subplots(figsize=(6.4, 1.9), layout="constrained")
    found = zip(TASKS, method.indicators.tolist(), method.grouping.assignment.tolist(), strict=True)
    for place, (task, indicator, group) in enumerate(found):
        axes.plot(indicator, 0, "o", color=COLOURS[group], markersize=9)
        axes.annotate(task, (indicator, 0), (0, 12 + 13 * (place % 2)), textcoords="offset points", ha="center")
    for group, centre in enumerate(method.grouping.group_weights.tolist()):
        axes.axvline(centre, color=COLOURS[group], linewidth=1, linestyle="--")
    axes.set_ylim(-0.5, 1)
    axes.set_yticks([])
    axes.set_xlabel("group indicator; dashed: the centre of each group, which is the weight of its tasks")
    _bare(axes)


def weighed() -> None:
    """What each task contributes before and after, in the order of the other pictures; narrow shares have no name."""
    method = GO4Align(num_groups=2)
    method(LOSSES)
    assert method.task_weights is not None
    after = method.task_weights * LOSSES
    _, axes = plt.subplots(figsize=(6.4, 1.7), layout="constrained")
    for row, values in enumerate((after, LOSSES)):
        left = 0.0
        for place, (task, share) in enumerate(zip(TASKS, (values / values.sum()).tolist(), strict=True)):
            axes.barh(row, share, left=left, color=plt.get_cmap("Blues")(0.25 + 0.12 * place), edgecolor="white")
            if share > 0.1:
                axes.text(left + share / 2, row, task, ha="center", va="center", fontsize=8)
            left += share
    axes.set_yticks([0, 1], ["after", "before"])
    axes.set_xlabel("share of the objective")
    axes.set_xlim(0, 1)
    _bare(axes)


def _bare(axes: plt.Axes) -> None:
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
