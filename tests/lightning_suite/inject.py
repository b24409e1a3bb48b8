"""A pytest plugin for Lightning's own tests: every fit under automatic optimization goes through the callback.

A loss becomes two tasks, each half of it, and ``Sum`` weighs them: their sum is the loss to the bit. The environment
variable ``INJECT`` names the mode, ``manual`` or ``automatic``; ``none`` changes nothing.
"""

import json
import os
from collections.abc import Generator, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import lightning.fabric.utilities.imports as fabric_imports
import lightning.pytorch as pl
import lightning.pytorch.utilities.imports as pytorch_imports
import pytest
from torch import Tensor
from torchjd.scalarization import Sum

from lightning_go4align import MultiTaskCallback

MODE = os.environ.get("INJECT", "none")
RESULTS = Path(os.environ["INJECT_RESULTS"])
NEWER_THAN_THE_PACKAGE = [f"_TORCH_GREATER_EQUAL_2_{minor}" for minor in range(8, 14)]

fits = 0


def _halves(_: Any, output: Any, __: Any) -> Mapping[str, Any] | None:
    """Pick two halves out of what a step of one loss returned; what is no loss is handed on as it is."""
    loss = output["loss"] if isinstance(output, Mapping) and "loss" in output else output
    if isinstance(loss, Tensor) and loss.is_floating_point() and loss.numel() == 1:
        return {"first": loss * 0.5, "second": loss * 0.5}
    return loss  # type: ignore[no-any-return]  # The callback is to refuse it.


def _inject(trainer: pl.Trainer, model: pl.LightningModule) -> None:
    global fits
    callbacks: list[pl.Callback] = trainer.callbacks  # type: ignore[attr-defined]  # A connector sets them.
    if not model.automatic_optimization or any(isinstance(callback, MultiTaskCallback) for callback in callbacks):
        return
    fits += 1
    callback = MultiTaskCallback(Sum(), optimization=MODE, losses=_halves)  # type: ignore[arg-type]  # It takes any output.
    trainer.callbacks = [callback, *callbacks]  # type: ignore[attr-defined]  # Lightning's property has no type.


@pytest.hookimpl(tryfirst=True)
def pytest_configure() -> None:
    """Put the callback in front of every fit."""
    for module in (fabric_imports, pytorch_imports):
        for name in NEWER_THAN_THE_PACKAGE:  # Their tests may be some weeks newer than the package.
            if not hasattr(module, name):
                setattr(module, name, True)
    if MODE == "none":
        return
    fit = pl.Trainer._fit_impl

    @wraps(fit)  # A spawned process looks it up by its name.
    def injected(self: pl.Trainer, model: pl.LightningModule, *args: Any, **kwargs: Any) -> Any:
        _inject(self, model)
        return fit(self, model, *args, **kwargs)

    pl.Trainer._fit_impl = injected  # type: ignore[method-assign]  # Into every fit of the suite.


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Note how each test ended, and the last line of what it said."""
    report: Any = yield
    if report.when == "call" or report.outcome != "passed":
        said = "" if report.outcome == "passed" else _last_line(report.longrepr)
        with RESULTS.open("a") as file:
            file.write(
                json.dumps({"test": item.nodeid, "outcome": report.outcome, "fits": fits, "said": said}) + "\n"
            )
    return report


def _last_line(longrepr: Any) -> str:
    crash = getattr(longrepr, "reprcrash", None)
    return str(longrepr if crash is None else crash.message).partition("\n")[0][:200]
