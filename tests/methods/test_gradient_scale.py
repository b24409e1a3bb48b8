import torch

from lightning_go4align.methods import GradientScale, GroupedAggregator

JACOBIAN = torch.tensor([[3.0, 4.0], [0.0, 10.0], [0.0, 0.0]])


def test_weight_is_the_mean_norm_over_each_norm() -> None:
    torch.testing.assert_close(GradientScale().weighting(JACOBIAN[:2]), torch.tensor([1.5, 0.75]))


def test_task_without_gradient_has_weight_0() -> None:
    assert GradientScale().weighting(JACOBIAN)[2] == 0


def test_tasks_of_similar_gradients_share_a_group() -> None:
    jacobian = torch.eye(4) * torch.tensor([1.0, 100.0, 1.2, 90.0])[:, None]
    aggregator = GroupedAggregator(GradientScale(), 2)
    aggregator(jacobian)
    assert aggregator.grouping.assignment.tolist() == [1, 0, 1, 0]
