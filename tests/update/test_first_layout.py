"""Checkpoints of the layout without a version: each goes on as the code that wrote it went on.

The states and the numbers at the end were written by the last code of that layout (the commit before 173b9bf), which
trained two epochs of two steps.
"""

from pathlib import Path
from typing import Any

import lightning.pytorch as pl
import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from torch import Generator, tensor
from torchjd.scalarization import DWA, FAMO, UW, Constant
from toy import quiet_trainer

from lightning_go4align import GO4Align, MultiTaskCallback


class Two(pl.LightningModule):
    """Two parabolas in two numbers."""

    def __init__(self, start: list[float]) -> None:
        super().__init__()
        self.place = torch.nn.Parameter(torch.tensor(start))

    def training_step(self, batch: Any, batch_idx: int) -> Any:
        return {"a": self.place.square().sum(), "b": (self.place - 1).square().sum() * 10}

    def train_dataloader(self) -> Any:
        return torch.utils.data.DataLoader(torch.zeros(2))  # type: ignore[arg-type]  # A tensor is a map of its rows.

    def configure_optimizers(self) -> Any:
        return torch.optim.SGD(self.parameters(), 1e-2)


def adam(first: Any, second: Any, **options: Any) -> dict[str, Any]:
    group = {
        **{"lr": 0.025, "betas": (0.9, 0.999), "eps": 1e-08, "weight_decay": 0.001, "amsgrad": False},
        **{"maximize": False, "foreach": None, "capturable": False, "differentiable": False, "fused": None},
        **{"decoupled_weight_decay": False, "params": [0]},
    }
    state = {"step": tensor(2.0), "exp_avg": first, "exp_avg_sq": second}
    return {"state": {0: state}, "param_groups": [group | options]}


def written(
    method: str, tensors: dict[str, Any], attributes: dict[str, Any], last: Any, optimizer: Any = None
) -> dict[str, Any]:
    return {
        "tasks": ["a", "b"],
        "epoch": 0,
        "method": method,
        "state": {"method": method.partition("(")[0], "tensors": tensors, "attributes": {"": attributes}},
        "weighting": {"last_losses": last, "optimizer": optimizer},
        "random": {"seed": 900450186894289455, "states": [Generator().manual_seed(900450186894289455).get_state()]},
    }


FAMO_ADAM = adam(
    tensor([-0.005669197998940945, 0.005669199395924807]), tensor([1.7751303857949097e-06, 1.7751311816027737e-06])
)
UW_ADAM = adam(
    tensor([-0.35015183687210083, -0.7326887845993042]),
    tensor([0.006891164928674698, 0.030967745929956436]),
    weight_decay=0.0,
)
WRITTEN = {
    "GO4Align": (
        lambda: GO4Align(2, 1e-2),
        written(
            "GO4Align(num_groups=2, beta=0.01, reduction='sum')",
            {"log_smoothness": tensor([-0.09151604175567626, -0.16286049365997315], dtype=torch.float64)},
            {},
            None,
        ),
        ([0.9489368796348572, 1.618725299835205], [0.9350520372390747, 1.3363118171691895]),
    ),
    "FAMO": (
        lambda: FAMO(2),
        written(
            "FAMO(shape=(2,), lr=0.025, weight_decay=0.001)",
            {"_w": tensor([0.050032198429107666, -0.05003219470381737]), "min_losses": tensor([0.0, 0.0])},
            {
                "_optimizer": {"optimizer": "Adam", "state": FAMO_ADAM},
                "_prev_losses": tensor([4.608888626098633, 8.222221374511719]),
            },
            tensor([4.608888626098633, 8.222221374511719]),
        ),
        ([0.9747233986854553, 1.8187326192855835], [0.9550720453262329, 1.6579252481460571]),
    ),
    "UW": (
        lambda: UW(2),
        written(
            "UW(shape=(2,))",
            {"log_var": tensor([0.04981434717774391, 0.049493879079818726])},
            {},
            tensor([4.514500141143799, 7.744999885559082]),
            UW_ADAM,
        ),
        ([0.9813197255134583, 1.7758369445800781], [0.9671599864959717, 1.6057838201522827]),
    ),
    "DWA": (
        DWA,
        written(
            "DWA(temperature=2.0)",
            {},
            {
                "_loss_sum": tensor([9.058000564575195, 15.780000686645508]),
                "_n_batches": 2,
                "_previous_averages": [],
            },
            tensor([4.058000087738037, 5.78000020980835]),
        ),
        ([0.9643999934196472, 1.5728000402450562], [0.9427409768104553, 1.3128916025161743]),
    ),
}


def saved(folder: Path, state: dict[str, Any], place: list[float], method: Any) -> Path:
    """A checkpoint after the first epoch, with the callback's state of that time."""
    module, trainer = Two(place), quiet_trainer(max_epochs=1, callbacks=MultiTaskCallback(method))
    trainer.fit(module)
    module.place.data = torch.tensor(place)
    trainer.save_checkpoint(folder / "first.ckpt")
    checkpoint = torch.load(folder / "first.ckpt", weights_only=True)
    checkpoint["callbacks"]["MultiTaskCallback"] = state
    torch.save(checkpoint, folder / "first.ckpt")
    return folder / "first.ckpt"


@pytest.mark.parametrize("optimization", ["manual", "automatic"])
@pytest.mark.parametrize(("make", "state", "places"), WRITTEN.values(), ids=WRITTEN)
def test_it_goes_on_as_the_code_that_wrote_it(
    make: Any, state: Any, places: Any, optimization: Any, tmp_path: Path
) -> None:
    path = saved(tmp_path, state, places[0], make())
    module, callback = Two([0.0, 0.0]), MultiTaskCallback(make(), optimization)
    quiet_trainer(max_epochs=2, callbacks=callback).fit(module, ckpt_path=path, weights_only=True)
    assert module.place.tolist() == pytest.approx(places[1], rel=1e-6)  # float32
    assert callback.tasks == ["a", "b"]
    assert callback.state_dict()["version"] >= 1


@pytest.mark.parametrize("make", [lambda: GO4Align(2, 1e-3), lambda: GO4Align(1, 1e-2), DWA])
def test_it_is_refused_for_another_method_by_its_words(make: Any) -> None:
    with pytest.raises(
        MisconfigurationException, match=r"trained with GO4Align\(num_groups=2, beta=0.01.*Resume with"
    ):
        MultiTaskCallback(make()).load_state_dict(WRITTEN["GO4Align"][1])


def test_a_device_in_the_words_does_not_matter() -> None:
    words = "Constant(weights=tensor([1., 2.], device='cuda:0'))"
    state = written(words, {}, {}, tensor([2.25, 0.25]))
    callback = MultiTaskCallback(Constant(tensor([1.0, 2.0])))
    callback.load_state_dict(state)
    assert callback.tasks == ["a", "b"]
    with pytest.raises(MisconfigurationException, match="Resume with the same method"):
        MultiTaskCallback(Constant(tensor([1.0, 3.0]))).load_state_dict(state)
