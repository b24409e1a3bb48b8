"""Where the molecules come from: the package ``qm9pack``, or PyG's own ``QM9``."""

import csv
import importlib.metadata
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

import torch
from rich.progress import track
from typing_extensions import override

from lightning_go4align.benchmarks.qm9.cache import load, save
from lightning_go4align.benchmarks.qm9.conversion import convert
from lightning_go4align.benchmarks.qm9.molecules import Molecules

NUM_MOLECULES = 130_831


class Source(Protocol):
    """What :class:`~lightning_go4align.benchmarks.qm9.QM9DataModule` asks of a source of molecules."""

    def prepare(self) -> None:
        """Put the molecules on this machine's disk; called by one process."""

    def molecules(self) -> Molecules:
        """Read the molecules; called by every process."""


class QM9Pack(Source):
    """The molecules of the PyPI package ``qm9pack``, converted once (about 25 s) and cached in one file (75 MB).

    The package is installed with ``pip install lightning-go4align[qm9]``; nothing else is downloaded.

    Args:
        root: Folder of the cached file. By default ``lightning_go4align`` in ``$XDG_CACHE_HOME`` or ``~/.cache``.

    Example:
        >>> QM9Pack("data").path.as_posix()
        'data/qm9pack-1.0.3.molecules'
    """

    def __init__(self, root: str | os.PathLike[str] | None = None) -> None:
        self.root = _cache_folder() if root is None else Path(root)

    @property
    def path(self) -> Path:
        """The cached file; another version of the package has another."""
        qm9pack_folder()
        return self.root / f"qm9pack-{importlib.metadata.version('qm9pack')}.molecules"

    @override
    def prepare(self) -> None:
        if load(self.path) is None:
            rows = track(qm9pack_rows(), "Converting QM9 (once)", total=NUM_MOLECULES, transient=True)
            save(convert(rows), self.path)

    @override
    def molecules(self) -> Molecules:
        molecules = load(self.path)
        if molecules is None:
            raise FileNotFoundError(f"{self.path} is missing or damaged. Call `prepare()`, which makes it anew.")
        return molecules


class PyGFiles(Source):
    """The molecules of ``torch_geometric.datasets.QM9``, in its files' layout.

    Args:
        root: Its root folder. PyG downloads what is missing there.

    Example:
        >>> PyGFiles("data/QM9").root
        'data/QM9'
    """

    def __init__(self, root: str | os.PathLike[str]) -> None:
        self.root = root

    @override
    def prepare(self) -> None:
        from torch_geometric.datasets import QM9

        QM9(str(self.root))

    @override
    def molecules(self) -> Molecules:
        from torch_geometric.datasets import QM9

        graphs = list(QM9(str(self.root)))
        upper = [graph.edge_index[0] < graph.edge_index[1] for graph in graphs]
        bonds = [
            torch.cat([graph.edge_index.T, graph.edge_attr.argmax(dim=1, keepdim=True) + 1], dim=1)[once]
            for graph, once in zip(graphs, upper, strict=True)
        ]
        return Molecules(
            num_atoms=torch.tensor([len(graph.x) for graph in graphs]),
            num_bonds=torch.tensor([len(molecule) for molecule in bonds]),
            features=torch.cat([graph.x for graph in graphs]).to(torch.uint8),
            positions=torch.cat([graph.pos for graph in graphs]),
            bonds=torch.cat(bonds).to(torch.uint8),
            targets=torch.cat([graph.y for graph in graphs]),
        )


def qm9pack_rows() -> Iterator[dict[str, str]]:
    """Rows of ``qm9pack``'s files, in their order, which is PyG's.

    Raises:
        ModuleNotFoundError: If the package is missing.
        FileNotFoundError: At the end, if there were fewer molecules, or more.

    Example:
        >>> next(qm9pack_rows())["SMILES"]
        'C'
    """
    count = 0
    for part in sorted(qm9pack_folder().glob("data/qm9_part*.csv")):
        with part.open(newline="") as file:
            for row in csv.DictReader(file):
                count += 1
                yield row
    if count != NUM_MOLECULES:
        raise FileNotFoundError(
            f"{qm9pack_folder() / 'data'} must hold {NUM_MOLECULES} molecules in qm9_part*.csv, but has {count}. "
            "Run `pip install --force-reinstall --no-deps qm9pack`."
        )


def qm9pack_folder() -> Path:
    """Folder of the installed ``qm9pack``, which is found without its import.

    Its import needs ``pkg_resources``, which setuptools no longer has since version 82.

    Raises:
        ModuleNotFoundError: If the package is missing.

    Example:
        >>> qm9pack_folder().name
        'qm9pack'
    """
    spec = importlib.util.find_spec("qm9pack")
    if spec is None or spec.submodule_search_locations is None:
        raise ModuleNotFoundError(
            "QM9 is read from the package `qm9pack`, which is not installed. "
            "Run `pip install lightning-go4align[qm9]`, or give PyG's files as `data.source`.",
            name="qm9pack",
        )
    return Path(spec.submodule_search_locations[0])


def _cache_folder() -> Path:
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lightning_go4align"
