"""What a module keeps in plain attributes is as it was after a step that is run on trial."""

from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lightning_go4align.update.attributes import attributes_kept


class Keeper(nn.Module):
    """Keeps one value as an attribute."""

    def __init__(self, kept: Any) -> None:
        super().__init__()
        self.kept = kept


CHANGES: dict[str, tuple[Callable[[], Any], Callable[[Any], Any]]] = {
    "list": (lambda: [1, 2], lambda kept: kept.append(3)),
    "deque of a length": (lambda: deque([1, 2], 2), lambda kept: kept.append(3)),
    "dictionary": (lambda: {"a": 1}, lambda kept: kept.update(a=2, b=3)),
    "set": (lambda: {1}, lambda kept: kept.discard(1)),
    "list within a dictionary": (lambda: {"a": [1]}, lambda kept: kept["a"].append(2)),
    "dictionary within a list within a list": (lambda: [[{"a": 1}]], lambda kept: kept[0][0].clear()),
    "array": (lambda: np.zeros(2), lambda kept: kept.fill(1)),
    "tensor": (lambda: torch.zeros(2), lambda kept: kept.add_(1)),
}


@pytest.mark.parametrize(("make", "change"), CHANGES.values(), ids=CHANGES)
def test_what_is_changed_in_place_gets_its_contents_back(make: Any, change: Any) -> None:
    module = Keeper(kept := make())
    with attributes_kept(nn.ModuleList([module])):
        change(module.kept)
        assert repr(kept) != repr(make())
    assert module.kept is kept
    assert repr(kept) == repr(make())


def test_a_list_that_holds_itself_is_kept_too() -> None:
    kept: list[Any] = [1]
    kept.append(kept)
    with attributes_kept(Keeper(kept)):
        kept.clear()
    assert kept[0] == 1
    assert kept[1] is kept


def test_a_list_of_two_parts_is_one_list_afterwards() -> None:
    both = [1]
    first, second = Keeper(both), Keeper(both)
    with attributes_kept(nn.ModuleList([first, second])):
        first.kept.append(2)
        second.kept = [3]
    assert first.kept is second.kept is both
    assert both == [1]


def test_attributes_that_are_new_set_anew_or_taken_away_are_as_before() -> None:
    module = Keeper(1)
    vars(module)["taken"] = "there"
    with attributes_kept(module):
        module.kept, vars(module)["new"] = 2, 3
        del module.taken
    assert (vars(module)["kept"], vars(module)["taken"]) == (1, "there")
    assert not hasattr(module, "new")


def test_what_was_changed_is_as_before_if_the_step_fails() -> None:
    module = Keeper([1])

    def fail() -> None:
        with attributes_kept(module):
            module.kept.append(2)
            raise ValueError("the step")

    with pytest.raises(ValueError, match="the step"):
        fail()
    assert module.kept == [1]
