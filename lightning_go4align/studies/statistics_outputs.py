"""What a study says of its differences: a table, sentences, and four pictures."""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from lightning_go4align.plain_text import in_markdown
from lightning_go4align.studies.cells import cell, markdown
from lightning_go4align.studies.comparison import listed_without, without_ratio
from lightning_go4align.studies.figures import save
from lightning_go4align.studies.plots.statistics import corrected, intervals, needed_seeds, profiles
from lightning_go4align.studies.profiles import performance_profiles, profile_columns
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
    unit, shown = "∆m%" if results.baseline else "errors, %", _shown(results)
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
            cell([shown(one.mean)], "{:+.2f}"),
            _interval(one, shown, 2) or "-",
            "-" if all(map(math.isnan, one.values)) else f"{one.wins} of {len(one.values)}",
            _number(one.p_value),
            _number(one.adjusted),
            _seeds(one.seeds_needed),
        ]
        for one in found
    ]
    return f"{_about(results)}\n\n" + markdown(header, rows)


def _about(results: Results) -> str:
    notes = [
        f"What the differences to {in_markdown(str(results.reference))} are worth. Intervals: bootstrap (BCa) of the "
        "mean over seeds; of five seeds they are too short and cover four times in five, of fewer there are none. p: "
        "paired t test, then corrected for the number of methods; it holds of few seeds, too, if differences are "
        "normally distributed, and so do the intervals by Student's t that a report of runs has from two seeds on. "
        "Seeds needed: to find a difference of this size and spread four times in five."
    ]
    if results.baseline is None:
        notes.append(
            "Errors: their geometric mean over the metrics that both have, and over seeds; p and seeds needed are of "
            "its logarithm."
        )
    return " ".join(filter(None, [*notes, in_markdown(without_ratio(results))]))


def sentence(one: Difference, results: Results) -> str:
    """Say in a sentence how a method stands to the reference.

    Args:
        one: The difference.
        results: The study's results.

    Example:
        >>> one = Difference("SI", (-60.0, -80.0, -68.0), -75.0, -63.0, 0.007, 0.014, 3.0)  # 100 log 0.5 is -69
        >>> sentence(one, Results(["LS", "SI"], ["mu"], [], reference="LS"))
        'SI: errors -50.0 % [-52.8, -46.7] against LS, better in 3 of 3 seeds, p = 0.014.'
    """
    what, unit = ("∆m", " points") if results.baseline else ("errors", " %")
    p = f", p = {_number(one.adjusted)}" if math.isfinite(one.adjusted) else ""
    shown = _shown(results)
    ends = " ".join(filter(None, [f"{shown(one.mean):+.1f}{unit}", _interval(one, shown, 1)]))
    return (
        f"{one.method}: {what} {ends} against {results.reference}, better in {one.wins} of "
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
        >>> two_best(differences(results), results)[0][:50]
        'The two best: UW: errors +42.2 % against SI, bette'
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
    known = [one for one in found if math.isfinite(one.mean) and len(one.values) > 1]
    if known:
        unit = "∆m points" if results.baseline else "% of errors"
        save(intervals(known, str(results.reference), unit, _shown(results)), folder / "intervals.png")
    tested = [one for one in known if math.isfinite(one.p_value)]
    if tested:
        save(corrected(tested), folder / "p_values.png")
        # A size without a sign is no percentage: errors halved and errors doubled are as large as each other.
        unit = "∆m points" if results.baseline else "log points of errors (100 log ratio)"
        save(needed_seeds(tested, unit), folder / "seeds_needed.png")
    ratios = performance_profiles(results)
    if len(ratios) > 1 and all(ratios.values()):
        left_out = listed_without(results.columns, profile_columns(results))
        save(profiles(ratios, left_out=left_out), folder / "profiles.png")


def write_statistics(results: Results, folder: Path) -> list[str]:
    """Write the table ``statistics.md`` and its pictures.

    Args:
        results: Results with a reference.
        folder: Where to write.

    Returns:
        A sentence for each method, one of the two best, and one of the metrics that have no ratio.
    """
    found = differences(results)
    if not found:
        return []
    best = two_best(found, results)
    told = "".join(f"\n{in_markdown(one)}\n" for one in best)
    (folder / "statistics.md").write_text(statistics_table(found, results) + told)
    write_pictures(found, results, folder)
    without = [without_ratio(results)] if without_ratio(results) else []
    return [*(sentence(one, results) for one in found if math.isfinite(one.mean)), *best, *without]


def _shown(results: Results) -> Callable[[float], float]:
    """How people read a difference: points of delta_m as they are, log points of errors as a change in percent."""
    return float if results.baseline else lambda difference: 100 * math.expm1(difference / 100)


def _interval(one: Difference, shown: Callable[[float], float], digits: int) -> str:
    low, high = shown(one.low), shown(one.high)
    return f"[{low:+.{digits}f}, {high:+.{digits}f}]" if math.isfinite(low) else ""


def _number(p_value: float) -> str:
    return "-" if math.isnan(p_value) else f"{p_value:.2g}"


def _seeds(number: float) -> str:
    if math.isnan(number):
        return "-"
    return f"{number:.0f}" if math.isfinite(number) else f"over {MOST_SEEDS}"
