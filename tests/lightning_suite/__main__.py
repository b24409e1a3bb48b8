"""Run Lightning's own tests with the callback injected into every fit, and say what differs.

.ci/lightning_suite                          # fetches the tests of the installed version
.ci/lightning_suite --source CHECKOUT        # a clone of Lightning's repository
.ci/lightning_suite --tests loops tuner      # only these folders or files

Nothing of theirs is kept in the project. Each difference is listed with the reason in explanations.yaml, or without.
"""

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import lightning
import yaml

HERE = Path(__file__).parent
RESULTS = HERE.parents[1] / ".lightning_suite"
REPOSITORY = "https://github.com/Lightning-AI/pytorch-lightning"
TESTS = [
    "trainer/optimization",
    "trainer/logging_/test_train_loop_logging.py",
    "trainer/test_trainer.py",
    "loops",
    "models/test_hooks.py",
    "models/test_restore.py",
    "tuner",
    "core/test_lightning_optimizer.py",
    "callbacks/test_early_stopping.py",
    "callbacks/test_finetuning_callback.py",
    "callbacks/test_gradient_accumulation_scheduler.py",
    "callbacks/test_lr_monitor.py",
    "callbacks/test_stochastic_weight_avg.py",
    "callbacks/test_timer.py",
    "callbacks/test_weight_averaging.py",
    "checkpointing",
    "plugins/precision",
]
MODES = ("none", "manual", "automatic")

Outcomes = Mapping[str, tuple[str, str]]
"""How a test ended, and the first line of what it said."""


def main() -> None:
    parser = argparse.ArgumentParser(
        "lightning_suite", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--source", type=Path, help="a clone of Lightning's repository")
    parser.add_argument("--tests", nargs="+", default=TESTS, help="folders or files below tests/tests_pytorch")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    folder = (given.source or _clone()) / "tests" / "tests_pytorch"
    print(f"Lightning {lightning.__version__}, tests of {folder}")
    results = {mode: _run(folder, given.tests, mode) for mode in MODES}
    _summarize(results, given.tests)


def _clone() -> Path:
    folder = RESULTS / f"lightning-{lightning.__version__}"
    if not folder.exists():
        tag = ["--branch", lightning.__version__]
        subprocess.run(["git", "clone", "--quiet", "--depth", "1", *tag, REPOSITORY, str(folder)], check=True)
    return folder


def _run(folder: Path, tests: list[str], mode: str) -> Outcomes:
    results = RESULTS / f"{mode}.jsonl"
    results.unlink(missing_ok=True)
    paths = os.pathsep.join([str(HERE), str(HERE.parents[1]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "INJECT": mode, "INJECT_RESULTS": str(results), "PYTHONPATH": paths}
    plugins = ["-p", "inject", "-p", "no:randomly", "-p", "no:cacheprovider", "-p", "no:doctest"]
    options = ["-q", "--continue-on-collection-errors", "--timeout", "300", "--color", "no", "-o", "addopts="]
    command = [sys.executable, "-m", "pytest", *plugins, *options, *tests]
    with (RESULTS / f"{mode}.log").open("w") as log:
        subprocess.run(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT, check=False)
    rows = [json.loads(line) for line in results.read_text().splitlines()]
    print(f"{mode}: {Counter(row['outcome'] for row in rows)}, {rows[-1]['fits']} fits injected", flush=True)
    return {row["test"]: (row["outcome"], row["said"]) for row in rows}


def _summarize(results: Mapping[str, Outcomes], tests: list[str]) -> None:
    print("\n| tests | without | manual | automatic |\n| --- | ---: | ---: | ---: |")
    for where in tests:
        print(f"| {where} | {' | '.join(str(_passed(results[mode], where)) for mode in MODES)} |")
    print(f"| all | {' | '.join(str(_passed(results[mode], '')) for mode in MODES)} |")
    known = yaml.safe_load((HERE / "explanations.yaml").read_text())
    unexplained = 0
    for mode in MODES[1:]:
        print(f"\n{mode}:")
        for test, (outcome, said) in results[mode].items():
            if outcome == "failed" and results["none"].get(test, ("", ""))[0] == "passed":
                reason = _reason(known, test)
                unexplained += reason is None
                print(f"- {test}\n    {said}\n    {reason or 'NOT EXPLAINED'}")
    sys.exit(min(unexplained, 1))


def _passed(outcomes: Outcomes, where: str) -> int:
    return sum(outcome == "passed" and f"tests_pytorch/{where}" in test for test, (outcome, _) in outcomes.items())


def _reason(known: Mapping[str, str], test: str) -> str | None:
    return next((reason for pattern, reason in known.items() if re.search(pattern, test)), None)


if __name__ == "__main__":
    main()
