"""Mutation testing: put small faults into rooms of the package, one at a time, and see whether a test notices.

.ci/mutation                                   # all five rooms; a run that was stopped goes on where it was
.ci/mutation update --sample 100               # a random sample of a room
.ci/mutation update/interception.py --again    # the survivors of a file once more, after a test was written
"""

import argparse
import gc
import importlib
import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from hashlib import sha256
from importlib.metadata import entry_points
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

from mutants import Mutant, mutants
from selection import selected
from trial import Outcome, Trial, copied, first_ended, watched, write

PROJECT = Path(__file__).parents[2]
RESULTS = PROJECT / ".mutation"
ROOMS = {  # and what else tests a room beside tests/<room> and its doctests
    "functional": ["tests/kernels", "tests/methods/test_robust_on_a_device.py", "tests/methods/test_smoothness.py"],
    "clustering": [],
    "methods": [],
    "metrics": [],
    "update": ["tests/test_module.py", "tests/test_modules_in_trainers.py", "lightning_go4align/module.py"],
}
SLOW_IMPORTS = (
    *("lightning.pytorch", "torchjd.aggregation", "torchmetrics", "jsonargparse", "matplotlib.pyplot"),
    *("cvxpy", "sklearn.cluster", "sklearn.metrics", "hypothesis.strategies", "torch._dynamo"),
)


class Fault(NamedTuple):
    """A mutant of a file with the tests that meet it."""

    room: str
    file: str
    mutant: Mutant
    tests: list[str]
    seconds: float

    @property
    def key(self) -> str:
        """Is the same as long as the file is."""
        return sha256(f"{self.file}\0{self.mutant.source}".encode()).hexdigest()[:16]


def main() -> None:
    parser = argparse.ArgumentParser("mutation", description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("where", nargs="*", default=[*ROOMS], help="rooms or files of them, as update/balancer.py")
    parser.add_argument("--sample", type=int, help="how many mutants to draw; all if it is left out")
    parser.add_argument("--seed", type=int, default=0, help="of the sample")
    parser.add_argument("--again", action="store_true", help="try what survived once more, and nothing else")
    parser.add_argument("--jobs", type=int, default=2, help="how many mutants at the same time")
    given = parser.parse_args()
    _warm_up()
    RESULTS.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        copies = [copied(PROJECT, Path(folder) / str(job)) for job in range(given.jobs)]
        found = [fault for where in given.where for fault in faults(where, copies[0])]
        if given.sample is not None:
            found = random.Random(given.seed).sample(found, min(given.sample, len(found)))
        known = read()
        run([fault for fault in found if _is_due(known.get(fault.key), given.again)], copies)
    summarize(found, read())


def _warm_up() -> None:
    """Import what is slow to import, and let the garbage collector of the processes to come pass over it."""
    for module in SLOW_IMPORTS:
        importlib.import_module(module)
    for plugin in entry_points(group="pytest11"):
        plugin.load()
    gc.freeze()


def faults(where: str, copy: Path) -> Iterator[Fault]:
    """Make the mutants of a room or of a file."""
    room = where.partition("/")[0]
    if room not in ROOMS:
        sys.exit(f"No room {room!r}: there are {', '.join(ROOMS)}.")
    found = _watch(room, copy)
    for path in sorted((PROJECT / "lightning_go4align" / room).rglob("*.py")):
        file = path.relative_to(PROJECT).as_posix()
        if not f"{file}/".startswith(f"lightning_go4align/{where.rstrip('/')}/"):
            continue
        if "kernels" in path.parts and not find_spec("triton"):
            print(f"{file} is left out: its tests need Triton")
            continue
        for mutant in mutants(path.read_text()):
            tests = selected(found, file, mutant.lines)
            yield Fault(room, file, mutant, tests, sum(found["seconds"][test] for test in tests))


def _watch(room: str, copy: Path) -> Any:
    parts = [f"tests/{room}", f"lightning_go4align/{room}", *ROOMS[room]]
    digest = sha256()
    for path in sorted(path for folder in ("tests", "lightning_go4align") for path in (copy / folder).rglob("*.py")):
        digest.update(path.read_bytes())
    result = RESULTS / f"{room}-{digest.hexdigest()[:12]}.json"
    if not result.exists():
        print(f"{room}: its tests run once without a fault", flush=True)
        watched(copy, parts, result)
    return json.loads(result.read_text())


def read() -> dict[str, dict[str, Any]]:
    """Read what is known of mutants, the last word on each."""
    path = RESULTS / "results.jsonl"
    lines = path.read_text().splitlines() if path.exists() else []
    return {entry["key"]: entry for entry in map(json.loads, lines)}


def _is_due(known: dict[str, Any] | None, again: bool) -> bool:
    return known is not None and known["status"] == "survived" if again else known is None


def run(due: list[Fault], copies: list[Path]) -> None:
    """Try mutants, as many at a time as there are copies, and write down what came of each."""
    print(f"{len(due)} mutants to try", flush=True)
    waiting, free, running = iter(due), [*copies], dict[Trial, Fault]()
    with (RESULTS / "results.jsonl").open("a") as results:
        try:
            while True:
                while free and (fault := next(waiting, None)):
                    running[_trial(fault, free.pop())] = fault
                if not running:
                    return
                first_ended([*running])
                for trial, outcome in [(trial, trial.outcome()) for trial in running]:
                    if outcome is not None:
                        fault = running.pop(trial)
                        _write_down(fault, outcome, results)
                        write(trial.copy / fault.file, (PROJECT / fault.file).read_text())
                        free.append(trial.copy)
        finally:
            for trial in running:
                trial.end()


def _trial(fault: Fault, copy: Path) -> Trial:
    write(copy / fault.file, fault.mutant.source)
    return Trial(copy, fault.tests, limit=30 + 10 * fault.seconds)


def _write_down(fault: Fault, outcome: Outcome, results: Any) -> None:
    mutant = {"line": fault.mutant.line, "before": fault.mutant.before, "after": fault.mutant.after}
    entry = {"key": fault.key, "room": fault.room, "file": fault.file, **mutant, **outcome._asdict()}
    print(json.dumps(entry), file=results, flush=True)
    if outcome.status != "killed":
        print(_told(entry), flush=True)


def _told(entry: dict[str, Any]) -> str:
    before, after = (" ".join(entry[key].split())[:90] for key in ("before", "after"))
    return f"{entry['status']}  {entry['file']}:{entry['line']}  {before}  ->  {after}"


def summarize(found: list[Fault], known: dict[str, dict[str, Any]]) -> None:
    """Print the survivors and, for each room, how many were killed."""
    entries = [known[fault.key] for fault in found if fault.key in known]
    print("\n".join(["", *(_told(entry) for entry in entries if entry["status"] == "survived"), ""]))
    print(f"{'room':12}{'mutants':>8}{'tried':>8}{'killed':>8}{'timeout':>8}{'survived':>9}{'killed in %':>12}")
    for room in dict.fromkeys(fault.room for fault in found):
        number = sum(fault.room == room for fault in found)
        counts = Counter(entry["status"] for entry in entries if entry["room"] == room)
        share = 100 * (1 - counts["survived"] / max(1, counts.total()))
        columns = (number, counts.total(), counts["killed"], counts["timeout"])
        print(f"{room:12}" + "".join(f"{column:8}" for column in columns) + f"{counts['survived']:9}{share:12.1f}")


if __name__ == "__main__":
    main()
