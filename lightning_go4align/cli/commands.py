"""What each command does, with its arguments; what it needs is imported when it runs."""

import pkgutil
from argparse import ArgumentError, ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

from typing_extensions import override

from lightning_go4align.cli.acceptance import refusals
from lightning_go4align.cli.configurations import copied, listing
from lightning_go4align.cli.flags import refused
from lightning_go4align.cli.help import lightning_help
from lightning_go4align.cli.mistake import UsageError
from lightning_go4align.cli.refusals import wrong_type
from lightning_go4align.cli.values import gpus, hours, json_object, port
from lightning_go4align.config_files import find_config


class Parser(ArgumentParser):
    """A command's arguments; what does not fit is a mistake in at most three lines."""

    def __init__(self, command: str, description: str) -> None:
        super().__init__(
            f"go4align {command}",
            description=description,
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
        )

    def add_switch(self, name: str, text: str) -> None:
        """Add a flag that needs no value, and takes one where a habit or a script gives it: ``--name=true``."""
        flags = dict.fromkeys([f"--{name}", f"--{name.replace('_', '-')}"])
        self.add_argument(*flags, action="store_true", dest=name, help=text)

    @override
    def error(self, message: str) -> NoReturn:
        raise refused(message, [name for action in self._actions for name in action.option_strings], self.prog)


def report(arguments: list[str]) -> None:
    """Write the page of a run, of several runs, or of all runs below a folder; or follow them."""
    parser = Parser("report", "Write the page of a run; of several, compared; or of all runs below a folder.")
    what = "folder of a run; or one folder with runs below it"
    parser.add_argument("paths", nargs="+", type=Path, metavar="RUN", help=what)
    parser.add_switch("watch", "serve the page on this computer, following the runs")
    parser.add_argument("--port", type=port, default=0, help="where to serve it (a free port)")
    given = parser.parse_args(_without_values(arguments, "watch"))
    from lightning_go4align.report import report_command

    report_command(given.paths, watch=given.watch, port=given.port)


def dashboard(arguments: list[str]) -> None:
    """Build the W&B workspace of group dynamics for a project, or update it."""
    parser = Parser("dashboard", "Build the W&B workspace of group dynamics for a project, or update it.")
    parser.add_argument("project", metavar="ENTITY/PROJECT", help="as in the project's address")
    parser.add_switch("report", "also write a W&B report with the same panels")
    parser.add_switch("dry_run", "print the specification instead; needs no network")
    given = parser.parse_args(_without_values(arguments, "report", "dry_run"))
    from lightning_go4align.dashboard import dashboard

    print(dashboard(given.project, report=given.report, dry_run=given.dry_run))  # noqa: T201  # the command's answer


def study(arguments: list[str]) -> None:
    """Run a study: every combination of its methods and seeds, then tables and figures."""
    parser = Parser("study", "Run all methods and seeds of a study, then its tables and figures.")
    parser.add_argument("file", metavar="FILE", help="the study's YAML file, or one of the package: studies/toy")
    _add_engine(parser)
    parser.add_argument("--results_from", metavar="ADDRESS", help="where runs may be finished: a folder, or s3://...")
    parser.add_switch("dry_run", "print the plan with an estimate of its time instead")
    given = parser.parse_args(_without_values(arguments, "dry_run"))
    more = {"dry_run": given.dry_run, "results_from": given.results_from, "refusals": refusals}
    _of_studies("study", find_config(given.file), {**more, **_engine(given)})


def tune(arguments: list[str]) -> None:
    """Search a study's methods and settings, and judge the best against its reference with paired seeds."""
    parser = Parser("tune", "Search a study's methods and settings; judge the best by paired seeds.")
    parser.add_argument("file", metavar="FILE", help="the study's YAML file, with a `search` and a `reference`")
    parser.add_argument("--hours", type=hours, default=1.0, help="time for all (1)")
    _add_engine(parser)
    parser.add_switch("dry_run", "print what would be searched and run instead, with an estimate of its time")
    given = parser.parse_args(_without_values(arguments, "dry_run"))
    more = {"hours": given.hours, "dry_run": given.dry_run}
    _of_studies("tune", find_config(given.file), {**more, **_engine(given)})


def _of_studies(name: str, file: Path, arguments: dict[str, Any]) -> None:
    # By its name: the command's core imports nothing of studies.
    command = pkgutil.resolve_name(f"lightning_go4align.studies.command:{name}")
    try:
        command(file, **arguments)
    except ValueError as error:
        said = wrong_type(str(error.__cause__)) if isinstance(error.__cause__, ArgumentError) else None
        if said is None:
            raise
        raise UsageError(f"The study {file}: {said}", "Its keys are the arguments of `Study`.") from error


def _add_engine(parser: Parser) -> None:
    parser.add_argument("--jobs", type=int, default=1, help="number of runs side by side (1)")
    parser.add_argument("--engine", choices=("local", "ray", "slurm"), default="local", help="where runs run (local)")
    parser.add_argument(
        "--gpus", type=gpus, help="GPUs of this machine to use, such as 0,1; all that CUDA shows if left out"
    )
    parser.add_argument("--address", help="of the Ray cluster; RAY_ADDRESS, or a new one, if left out")
    parser.add_argument("--slurm", type=json_object, metavar="JSON", help="arguments of submitit's executor")


def _engine(given: Namespace) -> dict[str, Any]:
    return {name: getattr(given, name) for name in ("jobs", "engine", "gpus", "address", "slurm")}


def configs(arguments: list[str]) -> None:
    """List the configurations of the package, or copy some of them."""
    about = "List the configurations of this package, one a line, or copy some of them to change them."
    parser = Parser("configs", about)
    parser.add_argument("names", nargs="*", metavar="NAME", help="a benchmark, such as qm9; all if none is given")
    parser.add_argument("--copy", nargs=2, metavar=("NAME", "FOLDER"), help="copy a benchmark's, or one, to a folder")
    given = parser.parse_args(arguments)
    print(copied(*given.copy) if given.copy else listing(given.names))  # noqa: T201  # the answer of the command


def lightning(arguments: list[str], ready: Callable[[], None]) -> None:
    """Train, evaluate or predict, by LightningCLI.

    Args:
        arguments: The command with its arguments.
        ready: Called when all is imported, parsed and built, before anything runs.
    """
    flag = next((word for word in arguments[1:] if word in ("-h", "--help", "--help=all")), None)
    wanted = [*arguments, ""][arguments.index(flag) + 1] if flag else ""
    if flag and flag != "--help=all" and wanted != "all":
        print(lightning_help(arguments[0]))  # noqa: T201  # the answer of the command
        return
    from lightning_go4align.cli.lightning_command import run_lightning

    run_lightning([arguments[0], "--help"] if flag else arguments, ready)


def _without_values(arguments: list[str], *switches: str) -> list[str]:
    """Turn the values of switches, ``--name=true`` and ``--name false``, into their presence."""
    names = {f"--{spelled}": name for name in switches for spelled in (name, name.replace("_", "-"))}
    kept: list[str] = []
    for word in arguments:
        name, sign, value = word.partition("=")
        before = kept[-1] if kept else ""
        if name in names and sign and value.lower() in ("true", "false"):
            kept += [name] if value.lower() == "true" else []
        elif before in names and word.lower() in ("true", "false"):
            kept = kept if word.lower() == "true" else kept[:-1]
        else:
            kept.append(word)
    return kept
