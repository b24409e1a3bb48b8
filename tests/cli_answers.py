"""What the command line answers to a mistake."""

from collections.abc import Sequence

import pytest

from lightning_go4align.cli import main

MARKS = [
    pytest.mark.usefixtures("in_empty_folder"),
    # Lightning 2.6 calls what jsonargparse 4.53 has renamed.
    pytest.mark.filterwarnings("ignore::jsonargparse._deprecated.JsonargparseDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:.*configure_optimizers. will be overridden"),
]
TOY = "fit -c toy/base"


FIT = f"{TOY} -c toy/go4align"


SHORT = (
    " --trainer.accelerator=cpu --trainer.max_epochs=1 --trainer.limit_train_batches=2 --test_after_fit=false"
    " --trainer.enable_progress_bar=false --trainer.enable_model_summary=false --trainer.log_every_n_steps=1"
)


QM9 = "fit -c qm9/base -c qm9/quick -c qm9/go4align" + SHORT


def answer(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit) as end:
        main(words)
    printed = capsys.readouterr().err.splitlines()
    [*_, start] = [number for number, line in enumerate(printed) if line.startswith("go4align")]
    assert end.value.code == 2
    assert len(printed[start:]) <= 3
    assert not any("Traceback" in line or len(line) > 520 for line in printed[start:])
    return "\n".join(printed[start:])


def check(words: list[str], said: Sequence[str], capsys: pytest.CaptureFixture[str]) -> None:
    found = answer(words, capsys)
    assert [word for word in said if word not in found] == [], found
