"""What Lightning warns of and refuses in any module, it warns of and refuses here."""

from typing import Any

import pytest
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torchjd.aggregation import UPGrad
from torchjd.scalarization import FAMO
from toy import BalancedToy, Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback

MODES = pytest.mark.parametrize("optimization", ["manual", "automatic"])
METHODS = pytest.mark.parametrize(
    "make", [lambda: GO4Align(2), lambda: FAMO(3), UPGrad], ids=["GO4Align", "FAMO", "UPGrad"]
)


class Nothing(Toy):
    @override
    def training_step(self, batch: Any, batch_idx: int) -> None: ...


class Closureless(Toy):
    @override
    def optimizer_step(self, epoch: int, batch_idx: int, optimizer: Any, optimizer_closure: Any = None) -> None:
        optimizer.step()


class BalancedNothing(BalancedToy, Nothing): ...


@METHODS
@MODES
def test_a_step_that_returns_none_is_warned_of(make: Any, optimization: Any) -> None:
    module: Any = Nothing()
    before = module.trunk[0].weight.detach().clone()
    with pytest.warns(UserWarning, match="`training_step` returned `None`. If this was on purpose"):
        quiet_trainer(callbacks=MultiTaskCallback(make(), optimization)).fit(module, loader())
    assert (module.trunk[0].weight == before).all()


def test_a_module_with_a_method_of_its_own_is_warned_too() -> None:
    with pytest.warns(UserWarning, match="`training_step` returned `None`"):
        quiet_trainer().fit(BalancedNothing(GO4Align(2)), loader())


@METHODS
@MODES
def test_an_optimizer_step_without_its_closure_is_refused(make: Any, optimization: Any) -> None:
    with pytest.raises(MisconfigurationException, match="The closure hasn't been executed"):
        quiet_trainer(callbacks=MultiTaskCallback(make(), optimization)).fit(Closureless(), loader())


def test_the_same_words_come_without_us() -> None:
    class Plain(Closureless):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return sum(self.losses(batch).values())

    with pytest.raises(MisconfigurationException, match="The closure hasn't been executed"):
        quiet_trainer().fit(Plain(), loader())
