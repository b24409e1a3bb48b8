"""Runs on generated tasks: a second each, kept in a file so that none is run twice."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from time import process_time
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.benchmarks.partial_labels import labelled_errors
from lightning_go4align.benchmarks.synthetic import SyntheticData
from lightning_go4align.functional.agreement import rand_indices
from lightning_go4align.methods.observation import observe
from lightning_go4align.update.aggregator_driver import AggregatorDriver
from lightning_go4align.update.random_stream import RandomStream
from lightning_go4align.update.scalarizer_driver import ScalarizerDriver
from lightning_go4align.update.task_losses import StepOutput
from lightning_go4align.update.tasks import KnownTasks

Method = Scalarizer | Aggregator
Make = Callable[[int], Method]


class Setting(NamedTuple):
    """What a run depends on beside its method.

    Args:
        num_tasks: Number of tasks, in three groups.
        label_fraction: Share of the training labels that is there.
        learning_rate: Of Adam.
        seed: Of data, labels, network and batches.
        epochs: Passes over 2,048 rows, in 32 steps each.
    """

    num_tasks: int
    label_fraction: float
    learning_rate: float
    seed: int
    epochs: int


@dataclass(frozen=True)
class Found:
    """What a run found: mean squared errors above the best possible ones, in percent.

    Args:
        validation: Mean over tasks, on validation rows.
        delta_m: Mean over tasks, on test rows.
        worst: The largest, on test rows.
        agreement: Rand index of the last groups and the true ones; None for a method that does not group.
        seconds: On the processor's clock.
    """

    validation: float
    delta_m: float
    worst: float
    agreement: float | None
    seconds: float


class _Network(nn.Module):
    def __init__(self, num_tasks: int) -> None:
        super().__init__()
        self.trunk = nn.Sequential(nn.Linear(16, 32), nn.Tanh())
        self.heads = nn.Linear(32, num_tasks)
        self.shared_parameters = self.trunk.parameters

    def forward(self, x: Tensor) -> Tensor:
        """Predictions, shape ``[B, M]``."""
        prediction: Tensor = self.heads(self.trunk(x))
        return prediction


class Runs:
    """Runs by name and setting; one that is in the file is not run again.

    Args:
        file: Where they are kept, a line each; None to keep none.
    """

    def __init__(self, file: Path | None) -> None:
        self._file = file
        self._found: dict[str, Found] = {}
        if file is not None and file.is_file():
            lines = map(json.loads, file.read_text().splitlines())
            self._found = {line["run"]: Found(**line["found"]) for line in lines}

    def run(self, name: str, make: Make, setting: Setting) -> Found:
        """Return what a run found.

        Args:
            name: Of the method with its settings.
            make: Makes the method for a number of tasks.
            setting: The others.
        """
        key = json.dumps([name, *setting])
        if key not in self._found:
            self._found[key] = train(make(setting.num_tasks), setting)
            self._keep({"run": key, "found": asdict(self._found[key])})
        return self._found[key]

    def _keep(self, line: Mapping[str, object]) -> None:
        if self._file is not None:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with self._file.open("a") as file:
                file.write(json.dumps(line) + "\n")


def train(method: Method, setting: Setting) -> Found:
    """Train a network with one hidden layer, by the package's own drivers, and judge it after the last epoch.

    Args:
        method: The method, new.
        setting: The others.
    """
    begin = process_time()
    num_tasks = setting.num_tasks
    data = SyntheticData(num_tasks, seed=setting.seed, label_fraction=setting.label_fraction)
    data.setup("fit")
    torch.manual_seed(setting.seed)
    network = _Network(num_tasks)
    optimizer = torch.optim.Adam(network.parameters(), setting.learning_rate)
    tasks = KnownTasks(method, [str(task) for task in range(num_tasks)])
    random = RandomStream(setting.seed)
    kind = ScalarizerDriver if isinstance(method, Scalarizer) else AggregatorDriver
    driver = kind(method, random, tasks)  # type: ignore[arg-type]  # of the kind just asked for
    driver.attach(network)
    x, y = data.train.tensors
    for _ in range(setting.epochs):
        for rows in torch.split(torch.randperm(len(x)), data.batch_size):
            losses = labelled_errors(network(x[rows]), y[rows])
            optimizer.zero_grad()
            driver.begin_batch(first=True)
            observe(method, losses.detach())
            objective = driver.step(losses, losses.detach(), StepOutput(None), 1.0)
            (driver.backward or objective.backward)()
            optimizer.step()
            with torch.no_grad():
                after = labelled_errors(network(x[rows]), y[rows]) if driver.needs_post_step_losses else None
            driver.update_after_step(after)
    last = driver.last_step
    groups = None if last is None or last.grouping is None else last.grouping.assignment
    agreement = None if groups is None else float(rand_indices(groups, data.groups)[0])
    validation, test = (_changes(network, data, part) for part in (data.val.tensors, data.test.tensors))
    return Found(float(validation.mean()), float(test.mean()), float(test.max()), agreement, process_time() - begin)


def _changes(network: nn.Module, data: SyntheticData, part: tuple[Tensor, ...]) -> Tensor:
    """Squared errors above the best possible ones, in percent, shape ``[M]``."""
    with torch.no_grad():
        return 100 * (labelled_errors(network(part[0]), part[1]) / data.best_errors - 1)
