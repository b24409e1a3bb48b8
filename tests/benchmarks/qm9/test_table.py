from collections.abc import Callable, Mapping

import pytest
from lightning.pytorch import Trainer
from torchjd.scalarization import Scalarizer, Sum

from lightning_go4align.benchmarks import qm9
from lightning_go4align.benchmarks.qm9 import QM9DataModule, QM9Module
from lightning_go4align.benchmarks.score_table import ScoreTable
from lightning_go4align.methods import GO4Align

NAMES = ["mu", "alpha", "homo", "lumo", "r2", "zpve", "u0", "u", "h", "g", "cv"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:.*does not have many workers"),
    pytest.mark.filterwarnings("ignore:.*smaller than the logging interval"),
]


@pytest.fixture
def printed(
    data: QM9DataModule, make_trainer: Callable[..., Trainer], capsys: pytest.CaptureFixture[str]
) -> Callable[..., tuple[dict[str, list[str]], Mapping[str, float]]]:
    """Cells of the table that a test after a fit prints, by target, and the errors that it logs."""

    def fit_and_test(method: Scalarizer) -> tuple[dict[str, list[str]], Mapping[str, float]]:
        trainer = make_trainer(enable_checkpointing=False, callbacks=[ScoreTable()])
        module = QM9Module(method)
        trainer.fit(module, datamodule=data)
        (errors,) = trainer.test(module, data, verbose=False)
        lines = [line.split("│")[1:-1] for line in capsys.readouterr().out.splitlines() if line.startswith("│")]
        return {target.strip(): [cell.strip() for cell in cells] for target, *cells in lines}, errors

    return fit_and_test


def test_table_shows_the_errors_their_changes_and_the_groups(
    printed: Callable[..., tuple[dict[str, list[str]], Mapping[str, float]]],
) -> None:
    cells, errors = printed(GO4Align(num_groups=5))
    assert list(cells) == [*NAMES, "∆m"]
    assert float(cells["homo"][1]) == pytest.approx(errors["test/homo"], rel=1e-3)
    assert cells["∆m"][3] == f"{errors['test/delta_m']:+.1f} %"
    assert {int(cells[name][5]) for name in NAMES} <= set(range(5))


def test_table_shows_that_a_plain_sum_weighs_all_tasks_1_and_has_no_groups(
    printed: Callable[..., tuple[dict[str, list[str]], Mapping[str, float]]],
) -> None:
    cells, _ = printed(Sum())
    assert [cells[name][4:] for name in NAMES] == [["1.00"]] * 11


def test_the_former_name_of_the_table_says_the_new_one() -> None:
    with pytest.warns(FutureWarning, match="is called `lightning_go4align.benchmarks.score_table.ScoreTable`"):
        assert getattr(qm9, "ErrorTable") is ScoreTable  # noqa: B009  # mypy knows of no former name
