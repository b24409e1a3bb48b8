"""Each error says how to mend it."""

from typing import Any

import pytest
import torch
from lightning.fabric.utilities.exceptions import MisconfigurationException
from lightning.pytorch.plugins import MixedPrecision
from torchjd.aggregation import MGDA
from torchjd.scalarization import FAMO, UW, Sum
from toy import BalancedToy, Toy, fitted, loader, quiet_trainer
from typing_extensions import override

from lightning_go4align import GO4Align, MultiTaskCallback
from lightning_go4align.update.given_method import Optimization


def returning(make: Any) -> Toy:
    module = Toy()
    module.training_step = lambda batch, batch_idx: make(module.losses(batch))  # type: ignore[method-assign]  # As a user does in a notebook.
    return module


@pytest.mark.parametrize(
    ("make", "error", "advice"),
    [
        pytest.param(lambda losses: losses["a"], TypeError, "Return a mapping of task names", id="a tensor"),
        pytest.param(lambda losses: list(losses.values()), TypeError, "Return a mapping of task names", id="a list"),
        pytest.param(lambda losses: {}, ValueError, "Return a mapping of task names", id="nothing"),
        pytest.param(lambda losses: {"loss": losses["a"]}, ValueError, "Return a mapping", id="a loss"),
        pytest.param(lambda losses: {"task_losses": [1]}, TypeError, "Return a mapping", id="no mapping of losses"),
        pytest.param(lambda losses: losses | {"a": 1.0}, TypeError, "a tensor with its graph", id="a number"),
        pytest.param(lambda losses: losses | {"a": losses["a"].expand(2)}, TypeError, ".mean()", id="a vector"),
        pytest.param(lambda losses: losses | {"a": losses["a"].expand(0)}, TypeError, "is empty", id="an empty one"),
        pytest.param(
            lambda losses: losses | {"a": losses["a"].reshape(1).to_sparse()},
            TypeError,
            "a dense tensor",
            id="sparse",
        ),
        pytest.param(lambda losses: losses | {"a": [losses["a"]]}, TypeError, r"torch.stack\(...\)", id="its parts"),
        pytest.param(
            lambda losses: losses | {"a": iter([losses["a"]])}, TypeError, r"torch.stack\(list", id="an iterator"
        ),
        pytest.param(lambda losses: losses | {"a": {"b": losses["a"]}}, TypeError, "depth/near", id="a mapping"),
        pytest.param(lambda losses: losses | {"a": "low"}, TypeError, "but is a str. What is no loss", id="a word"),
        pytest.param(lambda losses: losses | {"a": losses["a"].long()}, TypeError, "floating-point", id="an integer"),
        pytest.param(
            lambda losses: {task: loss.detach() for task, loss in losses.items()},
            ValueError,
            "Do not detach them",
            id="no graph",
        ),
    ],
)
@pytest.mark.parametrize("optimization", ["manual", "automatic"])
def test_a_step_that_returns_no_task_losses_is_told_what_to_return(
    make: Any, error: type[Exception], advice: str, optimization: Optimization
) -> None:
    with pytest.raises(error, match=advice):
        fitted(Sum(), returning(make), optimization)


def test_a_task_that_the_first_step_did_not_have_is_named() -> None:
    module = Toy()
    late = {"late": 0}

    def training_step(batch: Any, batch_idx: int) -> Any:
        losses = module.losses(batch)
        return losses if batch_idx == 0 else losses | dict.fromkeys(late, losses["a"])

    module.training_step = training_step  # type: ignore[method-assign]  # As a user does in a notebook.
    with pytest.raises(ValueError, match=r"\['late'\].*with None for one that is absent, from the first step on"):
        fitted(Sum(), module)


def test_a_method_must_be_of_torchjd() -> None:
    with pytest.raises(TypeError, match=r"is the word 'GO4Align': pass an instance.*: GO4Align\(num_groups=2\)"):
        MultiTaskCallback("GO4Align")  # type: ignore[arg-type]  # A name: what is refused here.


def test_optimization_is_one_of_two_words() -> None:
    with pytest.raises(ValueError, match="'manual' or 'automatic', but is 'auto'"):
        MultiTaskCallback(Sum(), "auto")  # type: ignore[arg-type]  # No such mode: what is refused here.


def test_two_callbacks_are_one_too_many() -> None:
    trainer = quiet_trainer(callbacks=MultiTaskCallback(Sum()))
    trainer.callbacks.append(MultiTaskCallback(GO4Align()))  # type: ignore[attr-defined]  # Lightning's property has no type.
    with pytest.raises(MisconfigurationException, match="keep only one"):
        trainer.fit(Toy(), loader())


def test_a_multi_task_module_brings_its_own_callback() -> None:
    with pytest.raises(MisconfigurationException, match=r"remove the one in `trainer.callbacks`"):
        fitted(Sum(), BalancedToy(Sum()))


def test_a_module_that_steps_its_optimizers_itself_is_refused() -> None:
    class Driver(Toy):
        def __init__(self) -> None:
            super().__init__()
            self.automatic_optimization = False

    with pytest.raises(MisconfigurationException, match="Remove that line and the optimizer calls"):
        fitted(Sum(), Driver())


def test_an_aggregator_is_refused_under_the_gradient_scaler() -> None:
    plugin = MixedPrecision("16-mixed", "cpu", torch.amp.GradScaler("cpu"))
    with pytest.raises(MisconfigurationException, match="Use `precision='bf16-mixed'`"):
        fitted(MGDA(), plugins=[plugin])


def test_an_aggregator_without_shared_parameters_is_refused() -> None:
    class Apart(Toy):
        @override
        def losses(self, batch: Any) -> Any:
            return {task: head(torch.ones(1, 8)).square().mean() for task, head in self.heads.items()}

    with pytest.raises(MisconfigurationException, match=r"Define `shared_parameters\(\)` on the module"):
        fitted(MGDA(), Apart())


@pytest.mark.filterwarnings("ignore:You are using the `dataloader_iter`")
def test_a_second_look_is_refused_where_the_step_draws_its_own_batch() -> None:
    class Drawing(Toy):
        @override
        def training_step(self, dataloader_iter: Any) -> Any: ...  # type: ignore[override]  # Lightning takes these signatures too.

    with pytest.raises(MisconfigurationException, match="Take `batch` instead"):
        fitted(FAMO(3), Drawing())


def test_more_groups_than_tasks_are_refused() -> None:
    with pytest.raises(ValueError, match="number of"):
        fitted(GO4Align(4))


def test_a_method_for_another_number_of_tasks_is_refused() -> None:
    with pytest.raises(ValueError, match="shape"):
        fitted(UW(2))


def test_classes_of_pytorch_lightning_do_not_mix_with_a_multi_task_module() -> None:
    other = pytest.importorskip("pytorch_lightning")
    trainer = other.Trainer(logger=False, enable_checkpointing=False, enable_progress_bar=False)
    with pytest.raises(TypeError, match="must be a `LightningModule`"):
        trainer.fit(BalancedToy(Sum()), loader())


def test_a_callback_in_a_trainer_of_pytorch_lightning_trains_the_same_bits() -> None:
    other = pytest.importorskip("pytorch_lightning")

    class Other(other.LightningModule):  # type: ignore[misc, name-defined]  # A module that is imported by its name.
        def __init__(self) -> None:
            super().__init__()
            self.toy = Toy()

        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return self.toy.losses(batch)

        def configure_optimizers(self) -> Any:
            return self.toy.configure_optimizers()

    torch.manual_seed(0)
    ours, trainer = Toy(), quiet_trainer(callbacks=MultiTaskCallback(GO4Align()), accumulate_grad_batches=3)
    trainer.fit(ours, loader())
    torch.manual_seed(0)
    theirs = Other()
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False}
    other.Trainer(
        **quiet,
        enable_model_summary=False,
        max_epochs=2,
        accelerator="cpu",
        callbacks=[MultiTaskCallback(GO4Align())],
        accumulate_grad_batches=3,
    ).fit(theirs, loader())
    assert all(map(torch.equal, theirs.toy.parameters(), ours.parameters()))


def test_a_name_of_a_task_must_be_a_string() -> None:
    class Numbered(Toy):
        @override
        def training_step(self, batch: Any, batch_idx: int) -> Any:
            return dict(enumerate(self.losses(batch).values()))

    with pytest.raises(TypeError, match=r"The name of a task must be a string, but is 0\. Return a mapping"):
        fitted(Sum(), Numbered())


def test_an_aggregator_is_refused_where_it_would_pass_by_the_users_backward() -> None:
    class Backward(Toy):
        @override
        def backward(self, loss: Any) -> None:
            loss.backward()

    with pytest.raises(MisconfigurationException, match="past the `backward` of Backward"):
        fitted(MGDA(), Backward())
