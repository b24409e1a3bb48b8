import sys
from pathlib import Path

import pytest
import torch
from torch_geometric.data import Data
from torch_geometric.datasets import QM9

from lightning_go4align.benchmarks.qm9.conversion import convert
from lightning_go4align.benchmarks.qm9.molecules import Molecules
from lightning_go4align.benchmarks.qm9.sources import PyGFiles, QM9Pack, qm9pack_rows


def test_rows_of_all_parts_come_in_order_without_importing_the_package(
    small_qm9pack: Path, rows: list[dict[str, str]]
) -> None:
    assert list(qm9pack_rows()) == rows
    assert "qm9pack" not in sys.modules


def test_molecules_are_converted_once(small_qm9pack: Path, molecules: Molecules, tmp_path: Path) -> None:
    source = QM9Pack(tmp_path)
    source.prepare()
    written = source.path.stat().st_mtime_ns
    source.prepare()
    assert source.path.stat().st_mtime_ns == written
    assert all(map(torch.equal, source.molecules(), molecules))


@pytest.mark.parametrize(("missing", "found"), [([2], 190), ([1, 2, 3], 0)], ids=["one-part", "all-parts"])
def test_an_incomplete_package_is_refused_and_not_cached(
    small_qm9pack: Path, tmp_path: Path, missing: list[int], found: int
) -> None:
    for part in missing:
        (small_qm9pack / f"data/qm9_part{part}.csv").unlink()
    advice = rf"{small_qm9pack}.data must hold 240 molecules .*, but has {found}. Run `pip install --force-reinstall"
    with pytest.raises(FileNotFoundError, match=advice):
        QM9Pack(tmp_path / "cache").prepare()
    assert not (tmp_path / "cache").exists()


def test_damaged_cache_is_made_anew(small_qm9pack: Path, molecules: Molecules, tmp_path: Path) -> None:
    source = QM9Pack(tmp_path)
    source.prepare()
    source.path.write_bytes(source.path.read_bytes()[:-1])
    source.prepare()
    assert all(map(torch.equal, source.molecules(), molecules))


def test_molecules_before_prepare_are_refused(small_qm9pack: Path, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"Call `prepare\(\)`"):
        QM9Pack(tmp_path).molecules()


def test_missing_package_says_what_to_install(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(sys, "path", [])
    with pytest.raises(ModuleNotFoundError, match=r"pip install lightning-go4align\[qm9\]"):
        QM9Pack(tmp_path).prepare()


def test_cache_folder_follows_the_platform(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert QM9Pack().root == tmp_path / "lightning_go4align"


def test_pyg_files_hold_the_same_methane(tmp_path: Path, rows: list[dict[str, str]]) -> None:
    _write_pyg_files(tmp_path, [_pyg_methane(), _pyg_methane()])
    expected = convert([rows[0], rows[0]])
    found = PyGFiles(tmp_path).molecules()
    assert torch.equal(found.features, expected.features)
    torch.testing.assert_close(found.targets, expected.targets, rtol=1e-6, atol=6e-5)
    # PyG writes every bond in both directions; the lower atom comes first here.
    assert found.bonds.tolist() == [[0, 1, 1], [0, 2, 1], [0, 3, 1], [0, 4, 1]] * 2


def _pyg_methane() -> Data:
    """As PyG documents its first molecule, with bonds in both directions."""
    bonds = torch.tensor([[0, 0, 0, 0, 1, 2, 3, 4], [1, 2, 3, 4, 0, 0, 0, 0]])
    return Data(
        x=torch.tensor([[0.0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 4]] + [[1.0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0]] * 4),
        edge_index=bonds,
        edge_attr=torch.tensor([[1.0, 0, 0, 0]]).repeat(8, 1),
        y=torch.tensor([[
            0, 13.21, -10.5499, 3.1865, 13.7363, 35.3641, 1.2177, -1101.4878, -1101.4098, -1101.3840, -1102.0229,
            6.469, -17.1722, -17.2868, -17.3897, -16.1519, 157.7118, 157.7100, 157.7070,
        ]]),
        pos=torch.zeros(5, 3),
        z=torch.tensor([6, 1, 1, 1, 1]),
        name="gdb_1",
        idx=torch.tensor([0]),
    )  # fmt: skip


def _write_pyg_files(root: Path, graphs: list[Data]) -> None:
    for folder in ("raw", "processed"):
        (root / folder).mkdir()
    for name in ("qm9_v3.pt", "gdb9.sdf", "gdb9.sdf.csv", "uncharacterized.txt"):
        (root / "raw" / name).touch()
    QM9.save(graphs, str(root / "processed" / "data_v3.pt"))
