"""Every configuration can be parsed and built."""

import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml
from jsonargparse import ArgumentParser
from torchjd.aggregation import Aggregator
from torchjd.scalarization import Scalarizer

from lightning_go4align.cli import MultiTaskCLI
from lightning_go4align.methods.observation import observe

CONFIGS = Path(__file__).parents[1] / "configs"
FILES = sorted(path for base in CONFIGS.glob("*/base.yaml") for path in base.parent.glob("*.yaml") if path != base)
NUM_TASKS = {"celeba": 40, "cityscapes": 2, "nyuv2": 3, "qm9": 11, "synthetic": 11, "toy": 2}
PAPERS = ("celeba", "cityscapes", "nyuv2", "qm9")
# What the tasks and published scripts set.
PROTOCOL = ("shape", "n_tasks", "num_tasks", "num_groups", "beta", "weight_decay")

pytestmark = [
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:You are solving a parameterized problem that is not DPP"),
]


def content(path: Path) -> Any:
    return yaml.safe_load(path.read_text())


def says_only_the_method(path: Path) -> bool:
    return (
        path.stem != "go4align"
        and content(path).keys() == {"model"}
        and content(path)["model"] == {"init_args": {"method": content(path)["model"]["init_args"].get("method")}}
    )


def each(paths: Iterable[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        "path", [pytest.param(path, id=f"{path.parent.name}-{path.stem}") for path in paths]
    )


@pytest.fixture
def build(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., MultiTaskCLI]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["go4align"])

    def build(*files: Path) -> MultiTaskCLI:
        args = [*(f"--config={file}" for file in files), "--trainer.accelerator=cpu"]
        return MultiTaskCLI(args=args, run=False, save_config_callback=None)

    return build


@each(path for path in FILES if not says_only_the_method(path))
def test_every_configuration_builds_its_parts(path: Path, build: Callable[..., MultiTaskCLI]) -> None:
    cli = build(path.parent / "base.yaml", path.parent / "go4align.yaml", path)
    assert isinstance(cli.model.method, Scalarizer | Aggregator)


@pytest.mark.parametrize("benchmark", PAPERS)
def test_single_task_learning_selects_no_epoch_by_untrained_tasks(
    benchmark: str, build: Callable[..., MultiTaskCLI]
) -> None:
    cli = build(CONFIGS / benchmark / "base.yaml", CONFIGS / benchmark / "stl.yaml")
    monitored = cli.trainer.checkpoint_callback.monitor  # type: ignore[union-attr]  # The configuration has one.
    if benchmark == "qm9":
        assert len(cli.model.targets) == 1
        assert monitored == "val/delta_m"
    else:  # None keeps the last epoch
        assert monitored in (None, f"val/{cli.model.method.task}")


@each(path for path in FILES if says_only_the_method(path))
def test_every_method_fits_the_number_of_tasks(path: Path) -> None:
    parser = ArgumentParser()
    parser.add_argument("--method", type=Scalarizer | Aggregator)
    method = parser.instantiate(parser.parse_object({"method": content(path)["model"]["init_args"]["method"]})).method
    num_tasks = NUM_TASKS[path.parent.name]
    if isinstance(method, Scalarizer):
        features = torch.ones(4, 1, requires_grad=True)
        losses = torch.linspace(1, 2, num_tasks) * features.mean()
        observe(method, losses.detach(), features)
        assert method(losses).shape == ()
    else:
        observe(method, torch.ones(num_tasks))
        assert method(torch.eye(num_tasks)).shape == (num_tasks,)


def without_protocol(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    return {key: without_protocol(value) for key, value in node.items() if key not in PROTOCOL}


@pytest.mark.parametrize("name", sorted({path.stem for path in FILES if says_only_the_method(path)}))
def test_a_method_is_the_same_on_all_benchmarks_of_the_paper(name: str) -> None:
    paths = [CONFIGS / benchmark / f"{name}.yaml" for benchmark in PAPERS]
    methods = [without_protocol(content(path)) for path in paths if path.exists() and says_only_the_method(path)]
    assert all(method == methods[0] for method in methods)
