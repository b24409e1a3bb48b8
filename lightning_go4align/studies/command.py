"""The command ``go4align study``."""

from pathlib import Path

from lightning_go4align.studies.runner import carry_out, checked_plan


def study(file: Path, jobs: int = 1, dry_run: bool = False) -> None:
    """Run a study: every combination of its methods and seeds, then tables and figures.

    Args:
        file: YAML file of the study.
        jobs: Number of runs side by side.
        dry_run: Print the plan with an estimate of its time instead.
    """
    try:
        plan = checked_plan(file, jobs)
    except (ValueError, OSError, ImportError) as error:  # what the user can mend needs no traceback
        raise SystemExit(f"go4align study: {error}") from error
    carry_out(plan, jobs=jobs, dry_run=dry_run)
