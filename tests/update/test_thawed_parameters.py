"""Parameters that thaw or freeze in the middle of a fit are trained as far as they are free."""

from typing import Any

import torch
from both_modes import MODES
from torchjd.aggregation import MGDA, Aggregator
from torchjd.scalarization import Sum
from toy import Toy, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


class Thawing(Toy):
    """Its first layer is frozen in the first epoch, its heads in the third."""

    def __init__(self) -> None:
        super().__init__(lambda module: torch.optim.SGD(module.parameters(), 1e-4))
        self.neck = torch.nn.Linear(8, 8)
        self.trunk.requires_grad_(False)

    @override
    def on_train_epoch_start(self) -> None:
        self.trunk.requires_grad_(self.current_epoch > 0)
        self.heads.requires_grad_(self.current_epoch < 2)

    @override
    def losses(self, batch: Any) -> dict[str, torch.Tensor]:
        features = self.neck(self.trunk(batch[0])).tanh()
        return {task: (head(features)[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}


@MODES
def test_an_aggregator_trains_what_is_thawed_later_as_a_scalarizer_does(optimization: Optimization) -> None:
    class SumOfGradients(Aggregator):
        @override
        def forward(self, matrix: torch.Tensor, /) -> torch.Tensor:
            return matrix.sum(0)

    def trained(method: Any) -> dict[str, torch.Tensor]:
        torch.manual_seed(0)
        module = Thawing()
        quiet_trainer(max_epochs=3, callbacks=[MultiTaskCallback(method, optimization)]).fit(module, loader())
        return module.state_dict()

    torch.testing.assert_close(trained(SumOfGradients()), trained(Sum()))


class Middle(Thawing):
    """A layer that "b" and "c" share; a head is thawed at a batch that lacks "c"."""

    def __init__(self) -> None:
        super().__init__()
        self.middle = torch.nn.Linear(8, 8)
        self.heads["a"].requires_grad_(False)

    @override
    def on_train_epoch_start(self) -> None: ...

    @override
    def losses(self, batch: Any) -> dict[str, torch.Tensor]:
        features = self.neck(batch[0].repeat(1, 2)).tanh()
        inputs = {"a": features, "b": self.middle(features), "c": self.middle(features)}
        return {task: (head(inputs[task])[:, 0] - batch[1]).square().mean() for task, head in self.heads.items()}

    @override
    def training_step(self, batch: Any, batch_idx: int) -> Any:
        if batch_idx < 2:
            self.heads["a"].requires_grad_(batch_idx > 0)
        return self.losses(batch) | ({"c": None} if batch_idx == 1 else {})


def test_a_batch_without_a_task_does_not_forget_what_is_shared() -> None:
    module, callback = Middle(), MultiTaskCallback(MGDA())
    quiet_trainer(max_epochs=1, callbacks=[callback], limit_train_batches=2).fit(module, loader())
    shared = {id(parameter) for parameter in callback._memory.driver.shared_parameters}  # type: ignore[attr-defined]  # The driver of an aggregator has it.
    assert {id(parameter) for parameter in module.middle.parameters()} <= shared
