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

from lightning_go4align import GO4Align


def main(steps: int = 200) -> list[int]:
    torch.manual_seed(0)
    features = torch.randn(256, 8)
    targets = features @ torch.randn(8, 1) * torch.tensor([1.0, -1.0, 30.0])  # Two tasks alike, one far larger.
    model = torch.nn.Sequential(torch.nn.Linear(8, 32), torch.nn.Tanh(), torch.nn.Linear(32, 3))
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    method = GO4Align(num_groups=2)

    for _ in range(steps):
        losses = (model(features) - targets).square().mean(0)  # one loss a task
        objective = method(losses)
        optimizer.zero_grad()
        objective.backward()
        optimizer.step()

    groups = method.grouping.assignment.tolist()
    print("groups:", groups, "weights:", [round(weight, 3) for weight in method.task_weights.tolist()])
    return groups


if __name__ == "__main__":
    main()
