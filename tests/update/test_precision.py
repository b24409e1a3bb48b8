"""The method's own numbers keep their precision, whatever the Trainer's."""

from typing import Any

import pytest
import torch
from lightning.pytorch.plugins import MixedPrecision
from torch import Tensor
from torch.utils.data import DataLoader
from torchjd.scalarization import DWA, FAMO, UW
from toy import Batch, Toy, fitted, loader, quiet_trainer, rows
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


class Ones(Toy):
    """Every loss is 1."""

    @override
    def losses(self, batch: Batch) -> dict[str, Tensor]:
        return {task: loss * 0 + 1 for task, loss in super().losses(batch).items()}


def inner_adam(state: dict[str, Any]) -> Any:
    return state["attributes"][""]["_optimizer"]["state"]


@pytest.mark.parametrize(
    ("method", "counted"),
    [
        pytest.param(lambda: GO4Align(2, 1.0), lambda s: -s["state"]["tensors"]["log_smoothness"][0], id="GO4Align"),
        pytest.param(DWA, lambda s: s["state"]["attributes"][""]["_loss_sum"][0], id="DWA"),
        pytest.param(lambda: FAMO(3), lambda s: inner_adam(s["state"])["state"][0]["step"], id="FAMO"),
        pytest.param(lambda: UW(3), lambda s: s["weighting"]["optimizer"]["state"][0]["step"], id="UW"),
    ],
)
def test_counts_and_sums_go_past_256_under_bf16_true(method: Any, counted: Any) -> None:
    callback = MultiTaskCallback(method())
    quiet_trainer(callbacks=callback, precision="bf16-true", max_epochs=1).fit(Ones(), DataLoader(rows(260)))
    assert counted(callback.state_dict()) == 260


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_log_variances_are_learned_from_unscaled_gradients_of_the_steps_that_the_fp16_scaler_makes(
    optimization: Optimization,
) -> None:
    def scaler() -> torch.amp.GradScaler:
        return torch.amp.GradScaler("cpu", init_scale=2.0**15, growth_interval=3)

    found_module, found = Toy(), UW(3)
    torch.manual_seed(0)
    module, method, scale = Toy(), UW(3), scaler()
    found_module.load_state_dict(module.state_dict())
    fitted(found, found_module, optimization, plugins=[MixedPrecision("16-mixed", "cpu", scaler())])

    optimizer, own = module.configure_optimizers(), torch.optim.Adam(method.parameters(), 0.025)
    for batch in 2 * list(loader()):
        with torch.autocast("cpu", torch.float16):
            objective = method(torch.stack(list(module.losses(batch).values())))
        [gradient] = torch.autograd.grad(objective, list(method.parameters()), retain_graph=True)
        optimizer.zero_grad()
        scale.scale(objective).backward()
        scale.step(optimizer)
        before = scale.get_scale()
        scale.update()
        if scale.get_scale() < before:  # The step was left out.
            continue
        own.param_groups[0]["params"][0].grad = gradient
        own.step()
    assert torch.equal(found.log_var, method.log_var)
    assert all(map(torch.equal, found_module.parameters(), module.parameters()))
