"""
A bare PyTorch loop
===================

Without Lightning a method is a function from losses to one objective: call it, and go backward from what it
returns.
"""

# %%
# Nothing else is needed: no trainer, no callback. The method keeps its state between calls; ``method.state_dict()``
# belongs into your checkpoint. Absent tasks are NaN here, since a vector has no None. What a trainer would do
# (averaging the losses over ranks, weights to the loggers, a warning for a loss that is not finite) is yours to do.

import torch
from torch import nn

from lightning_go4align import RobustGO4Align


def main(steps: int = 400) -> tuple[list[int], list[float]]:
    """Train, and return the group of each task, and what is left of its loss as a share of where it began."""
    torch.manual_seed(0)
    features = torch.randn(256, 8)
    # Two tasks alike, one far larger.
    targets = features @ torch.randn(8, 1) * torch.tensor([1.0, -1.0, 30.0])
    model = nn.Sequential(nn.Linear(8, 32), nn.Tanh(), nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-2)
    method = RobustGO4Align()

    before = (model(features) - targets).square().mean(0)
    for _ in range(steps):
        losses = (model(features) - targets).square().mean(0)  # one loss a task
        objective = method(losses)
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()

    assert method.grouping is not None  # None before the first step
    groups = method.grouping.assignment.tolist()
    left = (losses / before).tolist()
    print("groups:", groups, "left of the losses:", [f"{share:.2%}" for share in left])
    return groups, left


if __name__ == "__main__":
    main()
