"""Names of tasks and methods in sentences: whatever they hold is shown as it is, and nothing of it is markup."""

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path

import numpy as np
import pytest
from hostile_names import SHOWN

from lightning_go4align.history import History
from lightning_go4align.plain_text import in_html
from lightning_go4align.plots.example import example_history
from lightning_go4align.report.alarms import alarms
from lightning_go4align.report.command import write_pages
from lightning_go4align.report.overview import overview

NAMES = ["a**b", "**", "*", "c\nd", "`code`", "a\\*b", "\\", "<b>x</b>", "_x_", "a** + **b", "`", *SHOWN.values()]


def emphasised(html: str) -> list[str]:
    return [unescape(found) for found in re.findall(r"<b>(.*?)</b>", html, re.DOTALL)]


def named(name: str) -> History:
    """The example run with other names, in which one task starves: all are in sentences and one in an alarm."""
    weights = np.ones((60, 4), np.float32)
    weights[:, 0] = 1e-9
    return replace(example_history(), tasks=(name, f"{name}1", f"{name}2", f"{name}3"), weights=weights)


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_name_is_emphasised_as_it_is(name: str) -> None:
    history = named(name)
    sentences = overview(history).split('<div class="tiles">')
    alarm, facts = emphasised(sentences[0]), emphasised(sentences[1].partition("<ul>")[2])
    assert alarm == [name]
    assert set(facts) == set(history.tasks)
    assert "**" not in re.sub(r"<b>.*?</b>", "", "".join(sentences), flags=re.DOTALL)


def test_a_table_has_names_without_any_markup() -> None:
    assert [alarm.short for alarm in alarms(named("**a** `b` \\*"))] == ["starves: **a** `b` \\*"]


def test_why_a_run_ended_is_shown_as_it_was_said() -> None:
    (found, *_) = alarms(example_history().with_notes(interrupted="KeyError: **a `b` \\*"))
    assert unescape(in_html(found.what)) == "The run ended early: KeyError: **a `b` \\*."


def test_methods_are_compared_under_their_own_names(run_in: Callable[..., Path]) -> None:
    methods = ["A(**x, y='`b`')", "A(**x, y='**')"]
    runs = [run_in(f"run_{at}", method, delta_m=[at + 1.0]) for at, method in enumerate(methods)]
    lead = re.findall(r'<p class="lead">(.*?)</p>', write_pages(runs).read_text(encoding="utf-8"), re.DOTALL)
    assert emphasised(lead[0]) == methods
