"""Numbers and tables as people read them."""

import math
import statistics
from collections.abc import Sequence


def markdown(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    r"""Lay out a table in Markdown.

    Args:
        header: Names of the columns.
        rows: Cells; a bar in one starts no other.

    Example:
        >>> print(markdown(["a", "b"], [["1", "2|3"]]), end="")
        | a | b |
        | :-- | --: |
        | 1 | 2\|3 |
    """
    lines = [header, [":--", *["--:"] * (len(header) - 1)], *rows]
    escaped = [[text.replace("|", r"\|") for text in line] for line in lines]
    return "".join(f"| {' | '.join(line)} |\n" for line in escaped)


def cells(
    values: Sequence[Sequence[float]], sign: int, template: str | None = None, compared: Sequence[bool] | None = None
) -> list[str]:
    """Print the values of each method, the best mean in bold.

    Args:
        values: A metric's values, one a seed, for each method.
        sign: 1 if lower is better, else -1.
        template: How to print a number; three digits if not given.
        compared: For each method, whether its mean may be called the best; all of them if not given.

    Example:
        >>> cells([[1.0, 3.0], [1.5], []], sign=1)
        ['2.00 ± 1.41', '**1.50**', '-']
    """
    compared = compared or [True] * len(values)
    means = [
        sign * statistics.mean(value) if value and is_compared else math.nan
        for value, is_compared in zip(values, compared, strict=True)
    ]
    best = min(filter(math.isfinite, means), default=math.nan)
    printed = [cell(value, template) for value in values]
    return [f"**{text}**" if mean == best else text for text, mean in zip(printed, means, strict=True)]


def cell(values: Sequence[float], template: str | None = None) -> str:
    """Print the mean of the values, and their standard deviation if there are several.

    Args:
        values: The values, one a seed.
        template: How to print a number; three digits, but all of a whole number, if not given.

    Returns:
        A dash unless the mean is a finite number.

    Example:
        >>> cell([0.06712]), cell([1173.4]), cell([]), cell([math.inf, 1.0])
        ('0.0671', '1173', '-', '-')
    """
    if not values or not math.isfinite(mean := statistics.mean(values)):
        return "-"
    if template is None:
        digits = 2 - math.floor(math.log10(abs(mean))) if mean else 2
        template = f"{{:.{max(digits, 0)}f}}"
    spread = f" ± {template.replace('+', '').format(statistics.stdev(values))}" if len(values) > 1 else ""
    printed = template.format(mean)
    return (printed if float(printed) else printed.lstrip("+-")) + spread
