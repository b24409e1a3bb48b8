"""Which runs have a ∆m that can be compared: of the same metrics, against the same single-task networks."""

import re
from collections.abc import Sequence

from lightning_go4align.config_files import differences
from lightning_go4align.plain_text import in_markdown
from lightning_go4align.report.runs import Run
from lightning_go4align.words import first_of

# As `DeltaMMonitor` and the modules of the benchmarks call it.
_BASELINE = re.compile(r"(?:^|\.)((?:baseline|single_task|higher_is_better)(?:\.(.+))?)$")
_NAMED = 4


def comparable(runs: list[Run]) -> tuple[list[Run], str]:
    """Take the runs whose scores can be compared with those of the first.

    A baseline that is unknown, of a run without a configuration, differs from none.

    Args:
        runs: Runs with a ∆m, at least one.

    Returns:
        The runs; and what to say of the others, in Markdown, empty if there are none.
    """
    metrics = next((run.history.metrics for run in runs if run.history.metrics), ())
    of_metrics = [run for run in runs if not _other_metrics(run, metrics)]
    baseline = next(filter(None, map(_baseline, of_metrics)), {})
    reasons = [_other_metrics(run, metrics) or _other_baseline(run, baseline) for run in runs]
    others = dict.fromkeys((run.method, reason) for run, reason in zip(runs, reasons, strict=True) if reason)
    named = "; ".join(f"**{in_markdown(method)}** ({in_markdown(reason)})" for method, reason in others)
    than = f"those of **{in_markdown(runs[0].method)}**"
    said = f"Left out of all scores, for they cannot be compared with {than}: {named}." if others else ""
    return [run for run, reason in zip(runs, reasons, strict=True) if not reason], said


def lengths(methods: dict[str, list[Run]]) -> str:
    """Say how long each method was trained, in Markdown; nothing if all were equally long."""
    epochs = {name: [float(run.history.validations.epochs[-1]) for run in runs] for name, runs in methods.items()}
    if len({epoch for found in epochs.values() for epoch in found}) < 2:
        return ""
    named = [f"**{in_markdown(name)}** {_span(min(found), max(found))}" for name, found in epochs.items()]
    return f"Not all trained equally long; epochs: {', '.join(named)}."


def _other_metrics(run: Run, metrics: Sequence[str]) -> str:
    found = run.history.metrics
    differ = found and set(found) != set(metrics)
    return f"metrics {_listed(found)} instead of {_listed(metrics)}" if differ else ""


def _other_baseline(run: Run, baseline: dict[str, str]) -> str:
    changed = differences([baseline, _baseline(run)])
    return f"another baseline: {_listed(changed)}" if changed else ""


def _baseline(run: Run) -> dict[str, str]:
    """What is configured of the baseline, wherever that stands."""
    found = [(_BASELINE.search(key), value) for key, value in run.config.items()]
    return {match[2] or match[1]: value for match, value in found if match}


def _listed(names: Sequence[str]) -> str:
    return first_of(sorted(names), _NAMED)


def _span(least: float, most: float) -> str:
    return f"{round(least, 2):g}" if least == most else f"{round(least, 2):g} to {round(most, 2):g}"
