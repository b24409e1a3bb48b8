"""The command ``python -m perf``."""

import argparse
from collections.abc import Sequence
from importlib import import_module

from jsonargparse import auto_cli
from rich.console import Console

from perf.quiet import quiet

COMMANDS = {
    "constants": "likelihoods that differ by a constant, under methods with and without a zero",
    "efficiency": "grouping beside other solvers, a call of GO4Align, the networks of QM9, a step of QM9",
    "generated_tasks": "tasks in known groups, with all labels or few: how near methods come to the best errors",
    "gpu": "all that a CUDA device can prove and measure, in pieces of some minutes",
    "limits": "the limits of what grouping costs: asked for, before, now",
    "method_ratios": "a step of every method on QM9 beside a plain sum's",
    "monitor": "what GroupDynamicsMonitor adds to a step",
    "overhead": "a step through the plugin beside a plain Lightning step",
    "size": "files, functions and complexity of the code",
    "step_ratio": "a step of a benchmark at its real size, beside Table 6 of the paper",
    "study_overhead": "what an engine of studies costs per run, beside Optuna's and Ray Tune's",
    "units": "random problems whose tasks have any unit: which tasks are learned",
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure what is asked for and print the tables, on one thread.

    Args:
        arguments: Of the command line; those of the process if not given.

    Example:
        >>> main(["monitor", "--num_tasks=11"])  # doctest: +SKIP
    """
    parser = argparse.ArgumentParser("python -m perf", description="Each command has its own --help.")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, about in COMMANDS.items():
        commands.add_parser(name, help=about, add_help=False)
    options, others = parser.parse_known_args(arguments)
    quiet(threads=1)
    console = Console()
    console.width = max(console.width, 120)  # into a file, too
    # Imported when asked for: each needs extras of its own.
    measure = getattr(import_module(f"perf.{options.command}"), options.command)
    for table in auto_cli(measure, args=others, prog=f"python -m perf {options.command}", as_positional=True):
        console.print(table)


if __name__ == "__main__":
    main()
