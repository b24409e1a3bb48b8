"""What a study says of its differences: a table, sentences, and four pictures."""

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lightning_go4align.plain_text import in_markdown
from lightning_go4align.studies.cells import cell, markdown
from lightning_go4align.studies.figures import save
from lightning_go4align.studies.plots.statistics import corrected, intervals, needed_seeds, profiles
from lightning_go4align.studies.profiles import performance_profiles
from lightning_go4align.studies.results import Results
from lightning_go4align.studies.statistics import MOST_SEEDS, Difference, differences
from lightning_go4align.words import counted


def statistics_table(found: Sequence[Difference], results: Results) -> str:
    """Lay out differences with their intervals, p-values and the seeds that they would need.

    Args:
        found: The differences.
        results: The study's results.

    Returns:
        Markdown, with a note of how to read it.
    """
    unit = "∆m%" if results.baseline else "errors, %"
    header = [
        "method",
        "seeds",
        f"difference of {unit}",
        "95 % interval",
        "better in",
        "p",
        "p (Holm)",
        "seeds needed",
    ]
    rows = [
        [
            in_markdown(one.method),
            str(len(one.values)),
            cell([one.mean], "{:+.2f}"),
            _interval(one),
            f"{one.wins} of {len(one.values)}",
            _number(one.p_value),
            _number(one.adjusted),
            _seeds(one.seeds_needed),
        ]
        for one in found
    ]
    reference = in_markdown(str(results.reference))
    about = (
        f"What the differences to {reference} are worth. Intervals: bootstrap (BCa) of the mean over seeds; "
        "of five seeds they are too short and cover four times in five. p: paired t test, then corrected for the "
        "number of methods. Seeds needed: to find a difference of this size and spread four times in five.\n\n"
    )
    return about + markdown(header, rows)


def sentence(one: Difference, results: Results) -> str:
    """Say in a sentence how a method stands to the reference.

    Args:
        one: The difference.
        results: The study's results.

    Example:
        >>> one = Difference("SI", (-1.0, -3.0, -2.0), -2.8, -1.1, 0.07, 0.14, 5.0)
        >>> sentence(one, Results(["LS", "SI"], ["mu"], [], reference="LS"))
        'SI: errors -2.0 % [-2.8, -1.1] against LS, better in 3 of 3 seeds, p = 0.14.'
    """
    what, unit = ("∆m", " points") if results.baseline else ("errors", " %")
    p = f", p = {_number(one.adjusted)}" if math.isfinite(one.adjusted) else ""
    ends = f" {_interval(one, 1)}" if math.isfinite(one.low) else ""
    return (
        f"{one.method}: {what} {one.mean:+.1f}{unit}{ends} against {results.reference}, better in {one.wins} of "
        f"{counted(len(one.values), 'seed')}{p}."
    )


def two_best(found: Sequence[Difference], results: Results) -> list[str]:
    """Say how the second best method stands to the best, where both are ahead of the reference.

    Args:
        found: The differences from the reference.
        results: The study's results.

    Returns:
        A sentence, p corrected for all comparisons with the best; none where the reference is one of the two.

    Example:
        >>> from lightning_go4align.studies.results import Row
        >>> errors = {"LS": [4.0, 4.2], "UW": [3.0, 3.1], "SI": [2.0, 2.3]}
        >>> rows = [Row(name, seed, {"mu": x}) for name, values in errors.items() for seed, x in enumerate(values)]
        >>> results = Results(list(errors), ["mu"], rows, reference="LS")
        >>> two_best(differences(results), results)[0][:65]
        'The two best: UW: errors +35.2 % [+29.8, +40.5] against SI, bette'
    """
    ahead = sorted((one for one in found if one.mean < 0), key=lambda one: one.mean)[:2]
    if len(ahead) < 2:
        return []
    best, second = (one.method for one in ahead)
    beside = replace(results, reference=best)
    return [f"The two best: {sentence(one, beside)}" for one in differences(beside) if one.method == second]


def write_pictures(found: Sequence[Difference], results: Results, folder: Path) -> None:
    """Draw ``intervals.png``, ``p_values.png``, ``seeds_needed.png`` and ``profiles.png``, as far as there is data.

    Args:
        found: The differences.
        results: The study's results.
        folder: Where to write.
    """
    known, unit = [one for one in found if math.isfinite(one.low)], "∆m points" if results.baseline else "% of errors"
    if known:
        save(intervals(known, str(results.reference), unit), folder / "intervals.png")
    tested = [one for one in known if math.isfinite(one.p_value)]
    if tested:
        save(corrected(tested), folder / "p_values.png")
        save(needed_seeds(tested, unit), folder / "seeds_needed.png")
    ratios = performance_profiles(results)
    if len(ratios) > 1 and all(ratios.values()):
        save(profiles(ratios), folder / "profiles.png")


def write_statistics(results: Results, folder: Path) -> list[str]:
    """Write the table ``statistics.md`` and its pictures.

    Args:
        results: Results with a reference.
        folder: Where to write.

    Returns:
        A sentence for each method, and one of the two best.
    """
    found = differences(results)
    if not found:
        return []
    best = two_best(found, results)
    told = "".join(f"\n{in_markdown(one)}\n" for one in best)
    (folder / "statistics.md").write_text(statistics_table(found, results) + told)
    write_pictures(found, results, folder)
    return [*(sentence(one, results) for one in found if math.isfinite(one.mean)), *best]


def _interval(one: Difference, digits: int = 2) -> str:
    return f"[{one.low:+.{digits}f}, {one.high:+.{digits}f}]" if math.isfinite(one.low) else "-"


def _number(p_value: float) -> str:
    return "-" if math.isnan(p_value) else f"{p_value:.2g}"


def _seeds(number: float) -> str:
    if math.isnan(number):
        return "-"
    return f"{number:.0f}" if math.isfinite(number) else f"over {MOST_SEEDS}"
