"""Any number of regression tasks of which the groups and the best errors are known."""

from typing import Any

import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, TensorDataset
from typing_extensions import override

from lightning_go4align.benchmarks.partial_labels import check_label_fraction, without_labels
from lightning_go4align.functional.grouping import check_num_groups

Part = tuple[Tensor, Tensor]


class SyntheticData(LightningDataModule):
    r"""Targets of a random network with one hidden layer, in groups of one scale each, with noise.

    .. math:: y_m = s_{g(m)} \left(a_m^\top \tanh(W x) + \sigma \, \epsilon_m\right), \quad
              x, \epsilon_m \sim \mathcal N(0, 1)

    Tasks of a group share the scale :math:`s_g`; neighbouring groups are a factor of ten apart in the squared error,
    so that equal weights serve the largest only. No network has a squared error below :math:`(s_g \sigma)^2`.

    Args:
        num_tasks: Number of tasks.
        num_groups: Number of groups, at most as many as tasks.
        num_train: Training rows.
        num_val: Validation rows.
        num_test: Test rows.
        batch_size: Rows of a batch.
        noise: The standard deviation, relative to a task's scale.
        seed: Seed of network and rows; the runs of a study share it.
        label_fraction: Share of the training labels that is there, above 0, drawn at random; the others are NaN.
            Validation and test have all.

    Raises:
        ValueError: If there are more groups than tasks, or ``label_fraction`` is not a share above 0.

    Example:
        >>> data = SyntheticData(num_tasks=6, num_groups=3)
        >>> data.groups
        tensor([0, 1, 2, 0, 1, 2])
        >>> data.best_errors[:3]
        tensor([0.0250, 0.2500, 2.5000])
    """

    def __init__(
        self,
        num_tasks: int = 11,
        num_groups: int = 3,
        num_train: int = 2048,
        num_val: int = 512,
        num_test: int = 2048,
        batch_size: int = 64,
        noise: float = 0.5,
        seed: int = 0,
        label_fraction: float = 1.0,
    ) -> None:
        super().__init__()
        check_num_groups(num_groups, num_tasks)
        check_label_fraction(label_fraction)
        self.num_tasks = num_tasks
        self.sizes = [num_train, num_val, num_test]
        self.batch_size = batch_size
        self.noise = noise
        self.seed = seed
        self.label_fraction = label_fraction
        self.groups = torch.arange(num_tasks) % num_groups
        self.scales = 10 ** ((self.groups - (num_groups - 1) / 2) / 2)

    @property
    def best_errors(self) -> Tensor:
        """Mean squared error of the best predictor of each task, shape ``[M]``."""
        return (self.scales * self.noise).square()

    @override
    def setup(self, stage: str) -> None:
        random = torch.Generator().manual_seed(self.seed)
        hidden = torch.randn(8, 16, generator=random) / 4
        heads = torch.randn(self.num_tasks, 8, generator=random) / 8**0.5
        x = torch.randn(sum(self.sizes), 16, generator=random)
        noise = self.noise * torch.randn(len(x), self.num_tasks, generator=random)
        y = self.scales * ((x @ hidden.T).tanh() @ heads.T + noise)
        training = y[: self.sizes[0]]  # Drawn last: the data are the same with fewer labels.
        y[: self.sizes[0]] = without_labels(training, self.label_fraction, random)
        self.train, self.val, self.test = (
            TensorDataset(*part) for part in zip(torch.split(x, self.sizes), torch.split(y, self.sizes), strict=True)
        )

    @override
    def train_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.train, self.batch_size, shuffle=True)

    @override
    def val_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.val, self.sizes[1])

    @override
    def test_dataloader(self) -> DataLoader[Any]:
        return DataLoader(self.test, batch_size=self.sizes[2])  # by name: Lightning makes another one to predict

    @override
    def predict_dataloader(self) -> DataLoader[Any]:
        return self.test_dataloader()
