"""The metric that chooses between runs: refused where runs logged nothing under its name."""

import math
import statistics
from collections.abc import Mapping, Sequence
from pathlib import Path

from lightning_go4align.likeness import by_likeness, meant, nearest_key
from lightning_go4align.studies.logs import best_value, logged_names
from lightning_go4align.words import first_of

MEND_SELECT_BY = (
    "Correct `select_by` of the study, or of the method or task: lower is better, and unless it is set it is "
    "val/delta_m, which needs a baseline."
)


def best_rate(method: str, folders: Mapping[float, Sequence[Path]], select_by: str) -> float:
    """Choose the learning rate of which the runs logged the best, in the mean.

    Args:
        method: Name of their method.
        folders: Folders of the finished runs, by their learning rates.
        select_by: Metric that chooses; lower is better.

    Raises:
        ValueError: If no learning rate has a finite number.
    """
    means = {
        rate: statistics.fmean(best_value(folder, select_by) for folder in found) for rate, found in folders.items()
    }
    best = min(means, key=means.__getitem__)
    if math.isfinite(means[best]):
        return best
    every = [folder for found in folders.values() for folder in found]
    if any(select_by.removeprefix("-") in logged_names(folder) for folder in every):
        raise ValueError(
            f"All learning rates of {method} diverged: none of {', '.join(f'{rate:g}' for rate in folders)} logged a "
            f"finite number under {select_by!r} with each of its seeds. Add lower `learning_rates` to the study, or "
            "leave out the method."
        )
    raise ValueError(
        f"No run of {method} logged a number under {select_by!r}. {logged_instead(every, select_by)} {MEND_SELECT_BY}"
    )


def not_chosen(method: str, failed: Sequence[float], rates: Sequence[float]) -> str:
    """Say what comes of learning rates of which a run failed.

    Args:
        method: Name of their method.
        failed: The learning rates.
        rates: All learning rates of the method.

    Example:
        >>> not_chosen("LS", [0.1], [0.1, 0.01]), not_chosen("LS", [0.1], [0.1])
        ('LS: learning rate 0.1 failed, and is not chosen.', 'LS: each learning rate failed: it is left out.')
    """
    if len(failed) == len(rates):
        return f"{method}: each learning rate failed: it is left out."
    return f"{method}: learning rate {', '.join(f'{rate:g}' for rate in failed)} failed, and is not chosen."


def check_logged(who: str, folder: Path, select_by: str) -> None:
    """Refuse a metric under which a run logged nothing, though it logged others of the validation.

    One that logged none of them may have diverged before, and is no sign of a mistake in the name.

    Args:
        who: The run, as people call it.
        folder: Its folder; it is finished.
        select_by: Metric that chooses.

    Raises:
        ValueError: If nothing can be chosen by it.
    """
    names, metric = logged_names(folder), select_by.removeprefix("-")
    stages = ("val/", "val_", "valid", f"{metric.partition('/')[0]}/")
    if metric not in names and any(name.startswith(stages) for name in names):
        raise ValueError(
            f"{who} logged no number under {select_by!r}. {logged_instead([folder], select_by)} {MEND_SELECT_BY} "
            f"Or log it, and remove {folder}, so that it runs again."
        )


def logged_instead(folders: Sequence[Path], name: str) -> str:
    """Say what runs logged that somebody may have meant: the name that is near, or some of the same stage.

    Args:
        folders: Folders of the runs.
        name: A name under which they logged nothing.
    """
    names = list(dict.fromkeys(one for folder in folders for one in logged_names(folder)))
    name = name.removeprefix("-")
    near = nearest_key(name, names)
    stage = name.partition("/")[0]
    beside = by_likeness(name, [one for one in names if one.partition("/")[0] == stage] or names)
    if near or not beside:
        return meant(near) or "Nothing was logged."
    return f"Logged were {first_of(beside, 5)}."
