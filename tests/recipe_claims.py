"""What is claimed of every recipe; each is tested in an environment of its own, see ``.ci/recipes``."""

import math
import warnings
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import pytest
import torch
from torchjd.scalarization import Sum

RECIPES = Path(__file__).parents[1] / "examples" / "recipes"


def import_recipe(name: str, part: str) -> ModuleType:
    """Import a part of a recipe; an error that names the extra where its packages are missing."""
    try:
        return import_module(f"recipes.{name}.{part}")
    except ModuleNotFoundError as error:
        extra = name.split("_")[0]
        pytest.fail(
            f"The recipe {name} needs `{error.name}`, which is not installed. Run `.ci/recipes {extra}`, which makes "
            f"an environment of its own, or `pip install 'lightning-go4align[recipe-{extra}]'`.",
            pytrace=False,
        )


def parameters(trainer) -> dict[str, torch.Tensor]:
    """Copy what was trained."""
    return {name: value.detach().clone() for name, value in trainer.lightning_module.named_parameters()}


@pytest.mark.recipe
@pytest.mark.filterwarnings("ignore")  # The packages warn of each other.
class RecipeClaims:
    """Claims of a recipe by its name; the first part of the name is that of its extra."""

    name: str
    warned: str | None = None  # What the plugin is right to warn of, as a part of the message.

    @pytest.fixture(autouse=True, scope="class")
    def _examples(self) -> Iterator[None]:
        patch = pytest.MonkeyPatch()
        patch.syspath_prepend(str(RECIPES.parent))
        yield
        patch.undo()

    @pytest.fixture(scope="class")
    def plain(self, _examples) -> ModuleType:
        return import_recipe(self.name, "plain")

    @pytest.fixture(scope="class")
    def balanced(self, _examples) -> ModuleType:
        return import_recipe(self.name, "balanced")

    @pytest.fixture(scope="class")
    def plain_run(self, plain):
        return plain.fit()

    @pytest.mark.parametrize("optimization", ["manual", "automatic"])
    def test_with_sum_every_parameter_has_the_bits_of_the_plain_package(self, balanced, plain_run, optimization):
        trainer = balanced.fit(Sum(), optimization)
        expected, found = parameters(plain_run), parameters(trainer)
        assert trainer.global_step == plain_run.global_step > 50
        assert expected.keys() == found.keys()
        assert [name for name, value in expected.items() if not torch.equal(value, found[name])] == []

    @pytest.mark.parametrize("method", ["GO4Align", "RobustGO4Align"])
    def test_balanced_every_metric_is_logged_and_every_task_has_a_weight(self, plain, balanced, method):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            trainer = balanced.fit(import_module("recipes.compare").METHODS[method](plain))
        (balance,) = [one for one in trainer.callbacks if hasattr(one, "task_weights")]
        assert all(math.isfinite(trainer.callback_metrics[metric]) for metric in plain.METRICS)
        assert min(balance.task_weights.values()) > 0
        said = [str(one.message) for one in told if "lightning_go4align" in one.filename]
        assert [message for message in said if self.warned is None or self.warned not in message] == []
