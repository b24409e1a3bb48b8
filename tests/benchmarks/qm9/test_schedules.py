import pytest
import torch

from lightning_go4align.benchmarks.qm9 import Plateau, WarmupCosine


def rates(num_steps: int, warmup: float) -> list[float]:
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1.0)
    [schedule] = WarmupCosine(warmup)(optimizer, num_steps)
    scheduler = schedule["scheduler"]
    found = []
    for _ in range(num_steps):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        scheduler.step()
    return [*found, optimizer.param_groups[0]["lr"]]


def test_rate_rises_to_the_optimizer_s_and_falls_to_0() -> None:
    found = rates(num_steps=1000, warmup=0.1)
    assert found[0] == pytest.approx(0.01)
    assert found[99] == 1.0
    assert found[100:] == sorted(found[100:], reverse=True)
    assert found[-1] == pytest.approx(0.0)


@pytest.mark.parametrize("num_steps", [1, 2, 10])
@pytest.mark.parametrize("warmup", [0.0, 0.1, 1.0])
def test_short_runs_have_a_rate_too(num_steps: int, warmup: float) -> None:
    assert all(0 < rate <= 1 for rate in rates(num_steps, warmup)[:-1])


def test_plateau_lowers_the_rate_after_the_sixth_epoch_without_improvement() -> None:
    optimizer = torch.optim.Adam([torch.zeros(1)], lr=1e-3)
    [schedule] = Plateau()(optimizer, num_steps=1)
    scheduler = schedule["scheduler"]
    found = []
    for delta_m in [100.0, 90.0] + 6 * [95.0]:
        scheduler.step(delta_m)  # type: ignore[arg-type]  # A number is taken in the place of a tensor.
        found.append(optimizer.param_groups[0]["lr"])
    assert found == [1e-3] * 7 + [pytest.approx(0.7e-3)]


def test_plateau_rises_first_and_keeps_what_it_has_lowered() -> None:
    optimizer = torch.optim.Adam([torch.zeros(1, requires_grad=True)], lr=1.0)
    plateau, warmup = (schedule["scheduler"] for schedule in Plateau(0.5, 0, warmup_steps=4)(optimizer, 100))
    found = []
    for step in range(8):
        found.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        warmup.step()
        if step in (0, 6):
            plateau.step(float(step))  # type: ignore[arg-type]  # A number is taken in the place of a tensor.
    assert found == pytest.approx([0.2, 0.4, 0.6, 0.8, 1.0, 1.0, 1.0, 0.5])
