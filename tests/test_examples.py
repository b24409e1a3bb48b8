"""The examples run, and show what they say."""

import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest


@pytest.fixture(autouse=True)
def _examples(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "examples"))
    yield
    for name in ("bare_loop", "existing_module", "own_method"):
        sys.modules.pop(name, None)


def test_the_bare_loop_learns_every_task_and_groups_the_two_that_are_alike() -> None:
    groups, left = import_module("bare_loop").main()
    assert groups[0] == groups[1] != groups[2]
    assert max(left) < 0.1


def test_every_task_of_the_existing_module_is_learned() -> None:
    left = import_module("existing_module").main()
    assert left.keys() == {"depth", "area", "price"}
    assert max(left.values()) < 0.1


def test_the_own_method_is_grouped() -> None:
    module = import_module("own_method").main()
    assert module.method.grouping.assignment.tolist()[3] == 0
