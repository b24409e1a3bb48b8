"""What the benchmarks log beside their metrics."""

from collections.abc import Collection, Mapping

import torch
from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from lightning_go4align.metrics import DeltaM


def add_relative_changes(values: Mapping[str, Tensor], score: DeltaM) -> dict[str, Tensor]:
    """Put the changes against single-task networks behind metrics: ``delta/<metric>`` and their mean ``delta_m``.

    Args:
        values: The metrics of one evaluation, in the units of the score's baseline.
        score: What compares them; it forgets what it compared before.

    Returns:
        The metrics and their changes, the latter in percent; negative is better than single-task learning.

    Example:
        >>> add_relative_changes({"mu": torch.tensor(3.0)}, DeltaM({"mu": 2.0}))
        {'mu': tensor(3.), 'delta/mu': tensor(50.), 'delta_m': tensor(50.)}
    """
    score.reset()
    score.update(values)
    changes = {f"delta/{name}": change for name, change in score.changes().items()}
    # Not `score.compute()`, which waits for the other ranks, where the values are those of all of them already.
    return {**values, **changes, "delta_m": torch.stack(list(changes.values())).mean()}


def is_made_up(trainer: Trainer) -> bool:
    """Tell whether a trainer's data is generated, so that published numbers say nothing of it.

    Args:
        trainer: The trainer, whose datamodule has ``made_up`` if it is.

    Example:
        >>> is_made_up(Trainer(logger=False, enable_checkpointing=False, accelerator="cpu", devices=1))
        False
    """
    return getattr(trainer.datamodule, "made_up", False)  # type: ignore[attr-defined]  # set by a connector


def comparison(module: LightningModule) -> DeltaM | None:
    """Return what compares the scores of a benchmark's module with those of single-task networks.

    Args:
        module: The module, with a trainer.

    Returns:
        Its ``delta_m``; None for made-up data, unless the module ``has_own_baseline``.

    Example:
        >>> comparison(LightningModule()) is None  # It has none.
        True
    """
    score = getattr(module, "delta_m", None)
    holds = getattr(module, "has_own_baseline", True) or not is_made_up(module.trainer)
    return score if isinstance(score, DeltaM) and holds else None


def single_task_score(
    given: Mapping[str, float] | None, published: Mapping[str, float], higher_is_better: Collection[str]
) -> DeltaM:
    """Make the score of a benchmark against single-task networks.

    Args:
        given: What ``model.single_task`` holds; a value for each published metric, or None for the published ones.
        published: The published values.
        higher_is_better: Names of the metrics that are better when higher.

    Returns:
        The score.

    Raises:
        ValueError: If a name is missing or superfluous.

    Example:
        >>> single_task_score({"miou": 50.0}, {"miou": 38.3}, ["miou"]).names
        ('miou',)
    """
    values = published if given is None else given
    missing, unknown = sorted(published.keys() - values.keys()), sorted(values.keys() - published.keys())
    if missing or unknown:
        raise ValueError(
            f"`single_task` must hold a value for each of {list(published)}, but {missing} are missing and {unknown} "
            "are none of them. Correct `model.single_task`."
        )
    return DeltaM(values, higher_is_better)
