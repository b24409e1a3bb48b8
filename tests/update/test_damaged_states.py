"""A damaged state is refused in one sentence, and nothing of it is taken."""

from collections.abc import Callable
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from damage import KINDS, Damaged, missing, others_in_their_place, places, tensors
from lightning.fabric.utilities.exceptions import MisconfigurationException
from test_first_layout import WRITTEN
from torch import Tensor
from torchjd.aggregation import UPGrad
from torchjd.scalarization import DWA, FAMO, UW
from toy import TASKS, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.methods import GradNorm

METHODS: dict[str, Callable[[], Any]] = {
    "GO4Align": lambda: GO4Align(2, 1e-3),
    "FAMO": lambda: FAMO(3),
    "UW": lambda: UW(3),
    "DWA": DWA,
    "GradNorm": lambda: GradNorm(3),
    "UPGrad": UPGrad,
}
ADVICE = ("Resume with ", "Resume from ", "Update it", "Declare those", "start anew")


class Connected(Toy):
    """GradNorm wants the representation that the losses depend on."""

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        features = self.trunk(batch[0])
        losses = {task: (head(features)[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}
        return {"task_losses": losses, "representation": features}


def trained(method: Any, epochs: int = 2, **given: Any) -> MultiTaskCallback:
    callback = MultiTaskCallback(method, **given)
    torch.manual_seed(epochs)
    quiet_trainer(callbacks=callback, max_epochs=epochs).fit(Connected(), loader())
    return callback


@cache
def sound(name: str) -> dict[str, Any]:
    return trained(METHODS[name]()).state_dict()


def told(callback: MultiTaskCallback, state: Any) -> str:
    """What the error says, or that there is none."""
    try:
        callback.load_state_dict(state)
    except (ValueError, MisconfigurationException) as error:
        return str(error)
    return "NOTHING"


def faults(callback: MultiTaskCallback, damaged: Damaged, before: str) -> list[str]:
    message = told(callback, damaged.state)
    found = {
        "no error": message == "NOTHING",
        "no single line": "\n" in message or len(message) > 300,
        "no advice": not any(advice in message for advice in ADVICE),
        "does not name the place": damaged.place not in message,
        "half restored": described(callback.state_dict()) != before,
    }
    return [f"{damaged.what}: {fault}: {message}" for fault, there in found.items() if there]


def described(state: Any) -> str:
    """A state in words, whole tensors included."""
    return str([(path, value.tolist() if isinstance(value, Tensor) else value) for path, value in places(state)])


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
@pytest.mark.parametrize("name", METHODS)
def test_each_damage_is_told_in_one_sentence_and_nothing_is_half_restored(name: str, kind: Any) -> None:
    whole, callback = sound(name), trained(METHODS[name](), epochs=1)
    before, stream = described(callback.state_dict()), torch.get_rng_state()
    found = [fault for damaged in kind(whole) for fault in faults(callback, damaged, before)]
    assert found == []
    assert torch.equal(torch.get_rng_state(), stream)
    callback.load_state_dict(deepcopy(whole))
    assert described(callback.state_dict()) == described(whole)


def test_there_are_hundreds_of_them() -> None:
    assert sum(1 for kind in KINDS.values() for _ in kind(sound("FAMO"))) >= 200


def other_tasks(names: tuple[str, ...]) -> dict[str, Any]:
    """The sound state of a fit of other tasks."""

    class Other(Toy):
        @override
        def losses(self, batch: Any) -> Any:
            loss = super().losses(batch)["a"]
            return {name: (i + 1) * loss for i, name in enumerate(names)}

    callback = MultiTaskCallback(GO4Align(1))
    quiet_trainer(callbacks=callback, max_epochs=1).fit(Other(), loader())
    return callback.state_dict()


@pytest.mark.parametrize(
    "names", [("a", "b"), ("a", "b", "c", "d"), ("a", "b", "x")], ids=["fewer", "more", "another"]
)
def test_a_checkpoint_of_other_tasks_than_the_declared_ones_is_refused(names: tuple[str, ...]) -> None:
    callback = trained(GO4Align(1), epochs=1, tasks=TASKS)
    before = described(callback.state_dict())
    damaged = Damaged(f"tasks {names}", other_tasks(names), str(list(names)))
    assert faults(callback, damaged, before) == []
    with pytest.raises(MisconfigurationException, match=r"but `tasks` declares \['a', 'b', 'c'\]. Declare those of"):
        callback.load_state_dict(damaged.state)


@pytest.mark.parametrize("saved", [name for name in METHODS if name not in ("FAMO", "UW")])
@pytest.mark.parametrize("other", [lambda: FAMO(3), lambda: UW(3)], ids=["FAMO", "UW"])
def test_a_state_of_another_method_is_refused_whole(saved: str, other: Any) -> None:
    callback = trained(other(), epochs=1)
    before = described(callback.state_dict())
    assert faults(callback, Damaged("another method", sound(saved), type(METHODS[saved]()).__name__), before) == []


def test_a_method_for_another_number_of_tasks_is_refused_whole() -> None:
    for make in (FAMO, UW, GradNorm):
        callback = MultiTaskCallback(make(4))
        state = sound(make.__name__)
        assert faults(callback, Damaged("M = 3 for 4", state), described(callback.state_dict())) == []


@pytest.mark.parametrize("name", WRITTEN)
def test_damaged_states_of_the_first_layout_are_told_in_one_sentence_as_well(name: str) -> None:
    make, state, _ = WRITTEN[name]
    callback = MultiTaskCallback(make())  # type: ignore[no-untyped-call]  # A lambda of a table has no types.
    before = described(callback.state_dict())
    of_attributes = [
        damaged for damaged in missing(state) if damaged.path[:2] == ("state", "attributes") and len(damaged.path) < 5
    ]
    fields = [
        damaged for kind in (missing, others_in_their_place) for damaged in kind(state) if len(damaged.path) == 1
    ]
    nan = [damaged for damaged in tensors(state) if "NaN: ('state', 'tensors'" in damaged.what]
    unnamed = [damaged._replace(place="") for damaged in (*of_attributes, *fields, *nan)]
    assert [fault for damaged in unnamed for fault in faults(callback, damaged, before)] == []


def test_a_fit_with_a_damaged_checkpoint_says_so_and_the_next_one_trains(tmp_path: Path) -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(GO4Align()), max_epochs=1)
    trainer.fit(Toy(), loader())
    trainer.save_checkpoint(tmp_path / "one.ckpt")
    checkpoint = torch.load(tmp_path / "one.ckpt", weights_only=True)
    callback, module = MultiTaskCallback(GO4Align()), Toy()
    damaged: tuple[Any, ...] = ({}, [], {**checkpoint["callbacks"]["MultiTaskCallback"], "epoch": "junk"})
    for state in damaged:
        checkpoint["callbacks"]["MultiTaskCallback"] = state
        torch.save(checkpoint, tmp_path / "damaged.ckpt")
        with pytest.raises(ValueError, match=r"is damaged: .* Resume from another checkpoint"):
            quiet_trainer(callbacks=callback).fit(module, loader(), ckpt_path=tmp_path / "damaged.ckpt")
    trainer = quiet_trainer(callbacks=callback)
    trainer.fit(module, loader())
    assert (trainer.global_step, callback.tasks) == (10, list(TASKS))
