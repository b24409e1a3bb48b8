"""The kit for a CUDA device, rehearsed on the CPU, and how it goes on from where it stopped."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from perf.gpu import gpu
from perf.gpu_kit import proofs
from perf.gpu_kit.pieces import Outcome, Piece, Setting, page, run_pieces


def setting(folder: Path, seconds: float = 60.0) -> Setting:
    return Setting("cpu", False, folder, time.monotonic() + seconds)


def test_what_is_done_is_not_done_again_and_what_is_not_goes_on(tmp_path: Path) -> None:
    calls: list[str] = []

    def works(name: str, *, done: bool) -> Piece:
        def work(_: Setting) -> Outcome:
            calls.append(name)
            return Outcome(f"{name} found", done=done)

        return Piece("Part", name, work, least_seconds=1)

    pieces = [works("first", done=True), works("second", done=False)]
    for _ in range(2):
        records = run_pieces(pieces, setting(tmp_path))
    assert calls == ["first", "second", "second"]
    assert records["second"]["says"] == "second found"
    assert "| second | goes on | second found |" in (tmp_path / "results.md").read_text()


def test_a_piece_that_breaks_is_told_and_costs_the_others_nothing(tmp_path: Path) -> None:
    def breaks(_: Setting) -> Outcome:
        raise RuntimeError("no such launch")

    pieces = [Piece("Part", "broken", breaks, 1), Piece("Part", "whole", lambda _: Outcome("well"), 1)]
    records = run_pieces(pieces, setting(tmp_path))
    assert (records["broken"]["ok"], records["broken"]["says"]) == (False, "RuntimeError: no such launch")
    assert records["whole"]["ok"]


def test_no_piece_is_begun_that_the_time_does_not_hold(tmp_path: Path) -> None:
    piece = Piece("Part", "long", lambda _: Outcome("done"), least_seconds=100)
    assert run_pieces([piece], setting(tmp_path, seconds=50)) == {}


def test_without_a_device_it_says_how_to_rehearse(tmp_path: Path) -> None:
    with pytest.raises(SystemExit, match="--rehearse=true"):
        list(gpu(folder=tmp_path))


def test_a_rehearsal_leaves_everything_to_a_device(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ran: list[str] = []

    def work(where: Setting) -> Outcome:
        ran.append(where.device)
        return Outcome("done")

    for name in ("measures", "protocol"):
        monkeypatch.setattr(f"perf.gpu.{name}", list)
    monkeypatch.setattr("perf.gpu.proofs", lambda: [Piece("Part", "claim", work, 1)])
    for device in (False, True):
        monkeypatch.setattr("torch.cuda.is_available", lambda device=device: device)
        list(gpu(rehearse=not device, folder=tmp_path))
    assert ran == ["cpu", "cuda"]


@pytest.mark.parametrize("proof", [proofs.no_synchronisation, proofs.launches, proofs.graphed_step])
def test_what_only_a_device_shows_is_not_said_to_hold_on_a_cpu(
    proof: Callable[[Setting], Outcome], tmp_path: Path
) -> None:
    records = run_pieces([Piece("Proofs", "claim", proof, 1)], setting(tmp_path))
    assert "| claim | not shown | needs a CUDA device" in page(records, "Found")


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.filterwarnings("default")  # Lightning's on loaders and devices, which the command silences
def test_every_piece_runs_small_on_the_cpu(tmp_path: Path) -> None:
    list(gpu(rehearse=True, folder=tmp_path))
    text = (tmp_path / "rehearsal_cpu" / "results.md").read_text()
    assert text.startswith("# A rehearsal")
    assert "**no**" not in text
    assert text.count("| ok |") == 4 + 4 + 6
    assert text.count("| not shown | needs a CUDA device") == 3
