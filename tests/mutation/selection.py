"""Which tests meet which line, found by running them once."""

import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import coverage
import pytest

Found = dict[str, Any]
FIXTURE = "fixture: "


class Watch:
    """A plugin that notes what each test executes, how long it takes and whether it starts processes.

    What a fixture of a module or session executes belongs to all tests that use it.

    Args:
        folder: Where the package is.
    """

    def __init__(self, folder: Path) -> None:
        self.seconds: dict[str, float] = {}
        self._folder = folder
        self._coverage = coverage.Coverage(
            data_file=None, include=[f"{folder}/lightning_go4align/*"], config_file=False
        )
        self._context = ""
        self._users: defaultdict[str, list[str]] = defaultdict(list)
        self._starting: set[str] = set()
        sys.addaudithook(self._audit)
        self._coverage.start()

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if event == "subprocess.Popen" and arguments[0] == sys.executable:
            self._starting.add(self._context)

    def _enter(self, context: str) -> str:
        before, self._context = self._context, context
        self._coverage.switch_context(context)
        return before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Iterator[None]:
        for name in getattr(item, "fixturenames", ()):
            self._users[name].append(item.nodeid)
        self._enter(item.nodeid)
        start = time.perf_counter()
        result = yield
        self.seconds[item.nodeid] = time.perf_counter() - start
        self._enter("")
        return result

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: pytest.FixtureDef[Any]) -> Iterator[None]:
        if fixturedef.scope == "function":
            return (yield)
        before = self._enter(f"{FIXTURE}{fixturedef.baseid}|{fixturedef.argname}")
        try:
            return (yield)
        finally:
            self._enter(before)

    def found(self) -> Found:
        """Say what was found, as plain values: seconds per test, tests per line of a file, tests with processes."""
        self._coverage.stop()
        data = self._coverage.get_data()
        lines = {
            str(Path(file).relative_to(self._folder)): {
                str(line): sorted({test for context in contexts for test in self._tests(context)})
                for line, contexts in data.contexts_by_lineno(file).items()
            }
            for file in data.measured_files()
        }
        starting = sorted({test for context in self._starting for test in self._tests(context)})
        return {"seconds": self.seconds, "lines": lines, "starting": starting}

    def _tests(self, context: str) -> list[str]:
        if not context.startswith(FIXTURE):
            return [context] if context in self.seconds else []
        base, _, name = context.removeprefix(FIXTURE).rpartition("|")
        return [test for test in self._users[name] if test.startswith(base)]


def selected(found: Found, file: str, lines: range | None) -> list[str]:
    """Choose the tests that meet the lines, and order them: first what fails soon, last what starts processes.

    Args:
        found: What :class:`Watch` found.
        file: The file with the fault.
        lines: Its lines; None for a fault that every import meets.
    """
    met = found["lines"].get(file, {})
    wanted = met if lines is None else [str(line) for line in lines]
    tests = {test for line in wanted for test in met.get(line, ())}
    seconds: defaultdict[str, float] = defaultdict(float)
    for test in tests:
        seconds[test.partition("::")[0]] += found["seconds"][test]
    return sorted(
        tests | set(found["starting"]),
        key=lambda test: (
            test in found["starting"],
            seconds[test.partition("::")[0]],
            test.partition("::")[0],
            found["seconds"][test],
        ),
    )
