"""Every method of ``configs/qm9`` trains a problem of eleven tasks, through both doors."""

from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
import yaml
from jsonargparse import ArgumentParser
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align import MultiTaskCallback, MultiTaskMixin

FILES = sorted((Path(__file__).parents[2] / "configs" / "qm9").glob("*.yaml"))
SLOW = ("nash_mtl", "nash_mtl_agrm")  # TorchJD solves 20 problems a step, a quarter of a second each.
SCALES = 2.0 ** torch.arange(11) / 30

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
]


def method_of(path):
    """The ``model.method`` of a configuration; None if it has none."""
    content = yaml.safe_load(path.read_text())
    return content.get("model", {}).get("init_args", {}).get("method")


METHODS = [
    pytest.param(method_of(path), id=path.stem, marks=[pytest.mark.slow] if path.stem in SLOW else [])
    for path in FILES
    if method_of(path) is not None
]


def build(config):
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer | Aggregator)
    return parser.instantiate(parser.parse_object({"method": config})).method


class ElevenTasks(pl.LightningModule):
    def __init__(self):
        super().__init__()
        self.trunk = torch.nn.Linear(4, 8)
        self.heads = torch.nn.Linear(8, 11)

    def training_step(self, batch, batch_idx):
        outputs = self.heads(self.trunk(batch).tanh())
        losses = (outputs - 0.1 * torch.arange(11)).square().mean(0) * SCALES + 0.01
        return {f"task {number}": loss for number, loss in enumerate(losses)}

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), 1e-2)


class BalancedElevenTasks(MultiTaskMixin, ElevenTasks):
    pass


def train(module, callbacks):
    """Losses before and after three epochs, and the parameters."""
    batches = torch.randn(48, 4, generator=torch.Generator().manual_seed(0)).split(16)
    trainer = pl.Trainer(accelerator="cpu", max_epochs=3, barebones=True, callbacks=callbacks)
    with torch.no_grad():
        before = torch.stack(list(ElevenTasks.training_step(module, batches[0], 0).values()))
    torch.manual_seed(1)
    trainer.fit(module, torch.utils.data.DataLoader(batches, batch_size=None))
    with torch.no_grad():
        after = torch.stack(list(ElevenTasks.training_step(module, batches[0], 0).values()))
    return before, after, torch.nn.utils.parameters_to_vector(module.parameters()).detach()


def through_callback(config, optimization):
    torch.manual_seed(0)
    module = ElevenTasks()
    return train(module, [MultiTaskCallback(build(config), optimization)])


def through_module(config):
    torch.manual_seed(0)
    return train(BalancedElevenTasks(build(config)), [])


@pytest.mark.parametrize("config", METHODS)
def test_method_trains_the_same_through_both_doors_and_in_both_modes(config):
    before, after, manual = through_callback(config, "manual")
    _, _, automatic = through_callback(config, "automatic")
    _, _, inherited = through_module(config)
    trained = slice(0, 1) if "SingleTask" in str(config) else slice(None)
    assert after[trained].log().mean() < before[trained].log().mean()
    assert torch.equal(manual, automatic)
    assert torch.equal(manual, inherited)
