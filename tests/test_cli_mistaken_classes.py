"""Where a class is named wrongly in a configuration, the wrong word is told with the one that was meant."""

from pathlib import Path

import pytest
from cli_answers import MARKS, check

pytestmark = MARKS

#: A module whose method is of one kind, and one of the package, whose method is of two.
OWN = """\
from torchjd.scalarization import Scalarizer
from lightning_go4align.benchmarks.toy import ToyModule
class Own(ToyModule):
    def __init__(self, method: Scalarizer) -> None:
        super().__init__(method)
"""
TOY = "lightning_go4align.benchmarks.toy.ToyModule"
#: The method of the model, and what the answer must say.
METHODS = {
    "RobustGO4Aling": ["`model.method` is 'RobustGO4Aling'", "Did you mean RobustGO4Align"],
    "{class_pat: GO4Align}": ["`model.method` is {'class_pat': 'GO4Align'}", "Did you mean class_path?"],
    "{class_path: GO4Align, init_arg: {beta: 1}}": ["`init_arg` is no entry of `model.method`", "mean init_args?"],
    "{class_path: GO4Align, beta: 1}": ["`beta` is no entry of `model.method`", "its arguments below `init_args:`"],
    "{class_path: GroupedScalarizer, init_args: {method: {class_pat: UW}}}": [
        "`model.method.method` is {'class_pat': 'UW'}",
        "Did you mean class_path?",
    ],
    "{class_path: GroupedScalarizer, init_args: {method: FAMOO}}": ["`model.method.method`", "Did you mean FAMO?"],
}
CONFIGURATIONS = {
    f"model: {{class_path: {TOY}, init_arg: {{method: SI}}}}": [
        "`init_arg` is no entry of `model`",
        "mean init_args?",
    ],
    f"model: {{class_path: {TOY}, method: SI}}": ["`method` is no entry of `model`", "below `init_args:`"],
    f"model: {{class_pat: {TOY}, init_args: {{method: SI}}}}": [
        "`model` is {'class_pat'",
        "Did you mean class_path?",
    ],
    "trainer: {callbacks: [{class_pat: Timer}]}": ["`class_pat` is no entry of `trainer.callbacks`", "class_path?"],
    "trainer: {callbacks: [{class_path: Timer, init_arg: {interval: step}}]}": ["`init_arg`", "mean init_args?"],
}


@pytest.mark.parametrize("own", [True, False], ids=["one kind", "two kinds"])
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_is_named_wrongly(
    method: str, own: bool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "own_toy.py").write_text(OWN)
    monkeypatch.syspath_prepend(tmp_path)
    Path("mine.yaml").write_text(
        f"model: {{class_path: {'own_toy.Own' if own else TOY}, init_args: {{method: {method}}}}}"
    )
    check(["fit", "-c", "mine.yaml"], METHODS[method], capsys)


@pytest.mark.parametrize("content", CONFIGURATIONS)
def test_an_entry_of_a_class_that_is_written_wrongly(content: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text(content)
    model = [] if content.startswith("model") else ["-c", "toy/base", "-c", "toy/si"]
    check(["fit", *model, "-c", "mine.yaml"], CONFIGURATIONS[content], capsys)
