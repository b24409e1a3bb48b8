"""Who is at a run: a claim that holds on file systems that machines share."""

import json
import os
import shutil
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

# How long an owner on another machine may give no sign of life: more than the time for which NFS believes what it saw
# before, 60 s, and several beats.
STALE_SECONDS = 120.0
BEAT_SECONDS = 10.0
_RELEASED = "released"


class ClaimLostError(RuntimeError):
    """Another process has taken over, as this one gave no sign of life for too long."""


@dataclass(frozen=True)
class Claim:
    """The right to be the only process at a folder.

    A folder ``claims/<number>`` inside it, for making one is atomic on every file system, NFS included, where
    ``flock`` may lock nothing. The highest number holds. Its owner shows every few seconds that it lives, by the
    folder's time; who finds a claim without such signs, or one that was released, makes the next number, which only
    one can. An owner that has ended holds still while who took the claim for it lives, and has to see how it ended.
    Nobody removes another's claim while it may hold, and no number is given again, not after a release
    either: who is slow and judged an old claim would take the new one of its number for it. So none is taken twice.

    Args:
        folder: The claim's own folder.

    Example:
        >>> run = Path(tempfile.mkdtemp())
        >>> claim = take(run)
        >>> take(run) is None
        True
        >>> claim.release()
        >>> take(run).folder.name
        '2'
    """

    folder: Path

    def adopt(self) -> None:
        """Make this process the owner."""
        self.beat()
        _write_owner(self.folder, _starter(self.folder))

    def beat(self) -> None:
        """Show that the owner lives.

        Raises:
            ClaimLostError: If another process has taken over.
        """
        if self.folder != _highest(self.folder.parents[1]):
            raise ClaimLostError(f"Another process has taken over {self.folder.parents[1]}.")
        os.utime(self.folder)  # by the clock of the file system, which all machines share

    def release(self) -> None:
        """Give up the claim, and what was left of older ones; if it is lost, leave all as it is."""
        if self.folder != _highest(self.folder.parents[1]):
            return
        for claim in self.folder.parent.glob("[0-9]*"):
            if _number(claim) < _number(self.folder):
                shutil.rmtree(claim, ignore_errors=True)
        (self.folder / _RELEASED).touch()


def take(folder: Path) -> Claim | None:
    """Claim a folder.

    Args:
        folder: The folder.

    Returns:
        The claim; None if another process has it.
    """
    before = _highest(folder)  # looked at once: the next number is for who judged this one
    if before is not None and _owner(before) is not None:
        return None
    claim = folder / "claims" / str(1 + (_number(before) if before else 0))
    claim.parent.mkdir(parents=True, exist_ok=True)
    try:
        claim.mkdir()
        _write_owner(claim, os.getpid())
    except (FileExistsError, FileNotFoundError):  # another was faster, or cleans up after a higher one
        return None
    if _highest(folder) != claim:  # a higher one was made, and the one looked at removed, before this one was made
        shutil.rmtree(claim, ignore_errors=True)
        return None
    return Claim(claim)


def holder(folder: Path) -> str | None:
    """Tell who has claimed a folder, in words; None if nobody who lives has.

    Args:
        folder: The folder.
    """
    claim = _highest(folder)
    return None if claim is None else _owner(claim)


def _owner(claim: Path) -> str | None:
    try:
        if (claim / _RELEASED).exists() or _now(claim.parent) - claim.stat().st_mtime >= STALE_SECONDS:
            return None
    except FileNotFoundError:  # a higher one was just released
        return None
    try:
        owner = json.loads((claim / "owner.json").read_text())
    except FileNotFoundError:  # just made
        return "a process that is about to start"
    return None if _is_dead(owner) else f"process {owner['pid']} on {owner['host']}"


def _highest(folder: Path) -> Path | None:
    return max((folder / "claims").glob("[0-9]*"), key=_number, default=None)


def _number(claim: Path) -> int:
    return int(claim.name)


def _now(folder: Path) -> float:
    """The time by the clock of the file system: clocks of machines differ."""
    with tempfile.TemporaryFile(dir=folder) as file:
        return os.fstat(file.fileno()).st_mtime


def _write_owner(claim: Path, starter: int) -> None:
    part = claim / f"owner.{os.getpid()}.part"
    owner = {"pid": os.getpid(), "host": socket.gethostname(), "space": _space(), "starter": starter}
    part.write_text(json.dumps(owner))
    part.replace(claim / "owner.json")


def _starter(claim: Path) -> int:
    """Who took a claim; this process if that is not known, or was elsewhere."""
    try:
        owner = json.loads((claim / "owner.json").read_text())
    except FileNotFoundError:
        return os.getpid()
    return owner.get("starter", os.getpid()) if owner["space"] == _space() else os.getpid()


def _is_dead(owner: dict[str, object]) -> bool:
    """Whether an owner is known to have ended; of another machine, or another container, that cannot be known."""
    if owner["space"] is None or owner["space"] != _space():
        return False
    return all(_has_ended(int(str(pid))) for pid in (owner["pid"], owner.get("starter", owner["pid"])))


def _has_ended(process: int) -> bool:
    try:
        os.kill(process, 0)
        return _is_left_over(Path(f"/proc/{process}/stat").read_text())
    except (ProcessLookupError, FileNotFoundError):
        return True
    except OSError:  # of another user, who alone may know
        return False


def _is_left_over(stat: str) -> bool:
    """Whether a process has ended, and so has the one that should hear of it, as in containers without init.

    Args:
        stat: What ``/proc/<process>/stat`` says.

    Example:
        >>> _is_left_over("17 (python) Z 1 4"), _is_left_over("17 (python) Z 4 4"), _is_left_over("17 (p) 1) S 1 4")
        (True, False, False)
    """
    state, parent = stat.rpartition(")")[2].split()[:2]
    return state == "Z" and parent == "1"


def _space() -> str | None:
    """Names where a process id means the same process: this boot of this machine, and this container."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{socket.gethostname()} {boot} {Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return None
