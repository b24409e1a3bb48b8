"""Names of tasks and runs are data: in the report, in the log, in checkpoints and in paths."""

from html.parser import HTMLParser
from pathlib import Path

import lightning.pytorch as pl
import pytest
import torch
from lightning.pytorch.loggers import CSVLogger
from torch import Tensor

from lightning_go4align import GO4Align, GroupDynamicsMonitor, MultiTaskCallback
from lightning_go4align.history import History
from lightning_go4align.report import write_report

HOSTILE = [
    "</script><script>alert(1)</script>",
    "../../x",
    '"><img src=x onerror=alert(1)>',
    "/etc/passwd",
    "{{7*7}}${7*7}",
    "a\nb: !!python/object/apply:os.system [x]",
]
HARMLESS = ["segmentation", "depth", "normal", "edges", "keypoints", "colour"]


class Tags(HTMLParser):
    """What a browser would make of a page: its elements, and whatever would run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags, self.handlers = list[str](), list[str]()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.handlers += [name for name, _ in attrs if name.startswith("on")]


class Module(pl.LightningModule):
    def __init__(self, tasks: list[str]) -> None:
        super().__init__()
        self.layer, self.names = torch.nn.Linear(4, len(tasks)), tasks

    def training_step(self, batch: Tensor, batch_idx: int) -> dict[str, Tensor]:
        return dict(zip(self.names, self.layer(batch).square().mean(0) + 0.1, strict=True))

    def configure_optimizers(self) -> torch.optim.Optimizer:
        return torch.optim.SGD(self.parameters(), lr=0.01)


def run(folder: Path, tasks: list[str], title: str) -> Path:
    trainer = pl.Trainer(
        max_epochs=1,
        callbacks=[MultiTaskCallback(GO4Align(num_groups=2)), GroupDynamicsMonitor()],
        logger=CSVLogger(folder, name="runs", version="version_0"),
        accelerator="cpu",
        log_every_n_steps=1,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    with torch.random.fork_rng():  # What a page says depends on the losses: they are to be the same.
        torch.manual_seed(0)
        trainer.fit(Module(tasks), torch.utils.data.DataLoader(torch.rand(4, 4), batch_size=2))  # type: ignore[arg-type]  # A tensor is a map of its rows.
    found = folder / "runs" / "version_0"
    History.load(found).with_notes(run=title).save(found)
    write_report(found)
    return found


@pytest.fixture(scope="module")
def inner(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("outer") / "a" / "b" / "c"


@pytest.fixture(scope="module")
def hostile(inner: Path) -> Path:
    return run(inner, HOSTILE, HOSTILE[0])


@pytest.fixture(scope="module")
def harmless(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return run(tmp_path_factory.mktemp("harmless"), HARMLESS, "a run")


def test_hostile_names_add_no_element_and_no_handler_to_the_report(hostile: Path, harmless: Path) -> None:
    theirs, ours = (Tags((run / "group_dynamics.html").read_text("utf-8")) for run in (hostile, harmless))
    assert set(theirs.tags) == set(ours.tags)
    assert [theirs.tags.count(tag) for tag in ("script", "img")] == [
        ours.tags.count(tag) for tag in ("script", "img")
    ]
    assert sorted(theirs.handlers) == sorted(ours.handlers)


def test_the_report_still_shows_the_names(hostile: Path) -> None:
    assert "alert(1)" in (hostile / "group_dynamics.html").read_text("utf-8")


def test_no_name_becomes_a_path(hostile: Path, inner: Path) -> None:
    outer = inner.parents[2]
    written = [path for path in outer.rglob("*") if path.is_file()]
    assert written
    assert all(path.is_relative_to(hostile) for path in written)


def test_the_log_holds_the_names_as_they_are(hostile: Path) -> None:
    assert list(History.load(hostile).tasks) == HOSTILE


def test_a_checkpoint_with_hostile_names_loads_as_weights_only(hostile: Path) -> None:
    (path,) = hostile.glob("checkpoints/*.ckpt")
    assert torch.load(path, weights_only=True)["callbacks"]["MultiTaskCallback"]["tasks"] == HOSTILE
